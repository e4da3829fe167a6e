//! `--form`: what curl sends for the same options.

use std::fs;

use crate::support::program::{fed, pannier, sized, Dir, Peer, Text};

/// The content of the form that these words make, boundaries written as `B` and `C`; files are named by
/// `FILES/`.
fn form(words: &[&str], input: &str) -> String {
    let dir = Dir::new("form");
    let write = |name: &str, text: &str| fs::write(dir.path(name), text).unwrap();
    write("a.txt", "hello\n");
    write("b.html", "<p>");
    write("c,d;.bin", "x");
    write("h", "X-A: 1\n folded\n# no\n\nX-B: 2  \r\n");
    let peer = Peer::start(|_| sized(""));
    let folder = dir.path("");
    let words: Vec<String> = words.iter().map(|word| word.replace("FILES/", &folder)).collect();
    let mut all: Vec<&str> = vec!["-s", "-m", "20"];
    let url = peer.url("/");
    all.extend(words.iter().map(String::as_str));
    all.push(&url);
    assert_eq!(fed(&all, input).text(), ("", "", 0));
    let request = peer.requests().remove(0);
    let (head, content) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST / "), "{}", head);
    let boundary = |text: &str| {
        let rest = text.split_once("; boundary=").map(|(_, rest)| rest);
        rest.and_then(|rest| rest.lines().next()).unwrap_or("none there").to_owned()
    };
    content.replace(&boundary(content), "C").replace(&boundary(head), "B")
}

#[test]
fn ok_the_forms_of_fields() {
    let disposition = |rest: &str| format!("--B\r\nContent-Disposition: form-data{}\r\n", rest);
    for (words, expected) in [
        (&["-F", "a=1"][..], disposition("; name=\"a\"") + "\r\n1\r\n"),
        (&["-F", "=  sp aced  "], disposition("") + "\r\nsp aced\r\n"),
        (
            &["-F", "a=1;type=t/u;v=w ; x=y ;filename=z.gif"],
            disposition("; name=\"a\"; filename=\"z.gif\"")
                + "Content-Type: t/u;v=w ; x=y\r\n\r\n1\r\n",
        ),
        (
            &["-F", "a=\" \\\"q\\\\;\" ;headers=X-A: 1;headers=\"X-B: 2;\""],
            disposition("; name=\"a\"") + "X-A: 1\r\nX-B: 2;\r\n\r\n \"q\\;\r\n",
        ),
        (
            &["-F", "a=1;headers=@FILES/h;encoder=base64"],
            disposition("; name=\"a\"")
                + "Content-Transfer-Encoding: base64\r\nX-A: 1 folded\r\nX-B: 2\r\n\r\nMQ==\r\n",
        ),
        (&["-F", "a=<FILES/a.txt"], disposition("; name=\"a\"") + "\r\nhello\n\r\n"),
        (
            &["-F", "a=<FILES/b.html"],
            disposition("; name=\"a\"") + "Content-Type: text/html\r\n\r\n<p>\r\n",
        ),
        (
            &["-F", "a=@FILES/a.txt;filename=\"q\\\"\""],
            disposition("; name=\"a\"; filename=\"q%22\"")
                + "Content-Type: text/plain\r\n\r\nhello\n\r\n",
        ),
        (
            &["--form-escape", "-F", "a=@\"FILES/c,d;.bin\";filename=\"q\\\"\\\\\""],
            disposition("; name=\"a\"; filename=\"q\\\"\\\\\"")
                + "Content-Type: application/octet-stream\r\n\r\nx\r\n",
        ),
        (
            &["--form-string", "a=@x;type=y", "-F", "b=2"],
            disposition("; name=\"a\"")
                + "\r\n@x;type=y\r\n"
                + &disposition("; name=\"b\"")
                + "\r\n2\r\n",
        ),
        (
            &["-F", "a=@-", "-F", "b=<-"],
            disposition("; name=\"a\"; filename=\"-\"")
                + "\r\nfrom input\r\n"
                + &disposition("; name=\"b\"")
                + "\r\n\r\n",
        ),
    ] {
        assert_eq!(form(words, "from input"), expected + "--B--\r\n", "{:?}", words);
    }
}

#[test]
fn ok_several_files_and_groups_are_parts_of_parts() {
    let several = "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\
         Content-Type: multipart/mixed; boundary=C\r\n\r\n\
         --C\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\nContent-Type: t/u\r\n\r\nhello\n\r\n\
         --C\r\nContent-Disposition: attachment; filename=\"z\"\r\nContent-Type: text/html\r\n\r\n<p>\r\n\
         --C--\r\n\r\n--B--\r\n";
    let words = ["-F", "f=@FILES/a.txt;type=t/u,FILES/b.html ; filename= z"];
    assert_eq!(form(&words, ""), several);
    let group = "--B\r\nContent-Disposition: form-data; name=\"g\"\r\n\
         Content-Type: multipart/alternative; boundary=C\r\nX-G: 1\r\n\r\n\
         --C\r\n\r\nplain\r\n--C\r\nContent-Disposition: attachment; name=\"n\"\r\n\
         Content-Type: text/html\r\n\r\n<b>\r\n--C--\r\n\r\n\
         --B\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\n1\r\n--B--\r\n";
    let begin = "g=(;type=multipart/alternative;headers=X-G: 1";
    let text = "n=\"<b>\";type=text/html";
    let words = ["-F", begin, "-F", "=plain", "-F", text, "-F", "=)", "-F", "z=1"];
    assert_eq!(form(&words, ""), group);
}

#[test]
fn ok_a_media_type_of_the_callers_is_given_the_boundary() {
    for (media_type, disposition) in
        [("multipart/form-data; charset=utf-8", "form-data"), ("text/info", "attachment")]
    {
        let peer = Peer::start(|_| sized(""));
        let (url, field) = (peer.url("/"), format!("content-type: {}", media_type));
        let words = ["-s", "-H", &field, "-F", "a=1", &url];
        assert_eq!(pannier(&words).text(), ("", "", 0));
        let request = peer.requests().remove(0);
        let (_, boundary) = request.split_once("; boundary=").unwrap();
        let boundary = boundary.lines().next().unwrap();
        let expected = format!(
            "\r\nContent-Type: {}; boundary={}\r\n\r\n\
             --{1}\r\nContent-Disposition: {}; name=\"a\"\r\n\r\n1\r\n--{1}--\r\n",
            media_type, boundary, disposition
        );
        assert!(request.ends_with(&expected), "{}", request);
    }
}

#[test]
fn err_what_makes_no_form() {
    let peer = Peer::start(|_| sized(""));
    let url = peer.url("/");
    for (words, code) in [
        (&["-F", "nothing"][..], 2),
        (&["-F", "a=1;type=bad"], 2),
        (&["-F", "=)"], 2),
        (&["-F", "a=1", "-d", "x"], 2),
        (&["-F", "a=1", "-I"], 2),
        (&["-F", "a=1;encoder=rot13"], 43),
        (&["-F", "a=1;headers=X: a\r\nY: b"], 43),
        (&["-F", "a=1;type=t/u\r\nX: y"], 43),
        (&["-F", "a=@/nowhere/to/be/found"], 26),
        (&["-F", "a=@/"], 26),
    ] {
        let run = pannier(&[&["-s", &url][..], words].concat());
        assert_eq!(run.text().2, code, "{:?}", words);
    }
    assert_eq!(peer.connections(), 0);
}
