//! Answers, whole: those that the RFCs print, and for what they do not print those of another
//! implementation.

use super::digest::Session;
use super::*;
use crate::http::{challenge, Origin, Scheme, Url};

fn place(url: &str) -> Origin {
    Url::parse(url).unwrap().origin()
}

/// The answers that a session gives to so many equal requests.
fn answers(
    challenge: &str,
    (user, password): (&str, &str),
    own_nonce: &str,
    message: Message<'_>,
    count: usize,
) -> Vec<String> {
    let challenges = challenge::parse(challenge.as_bytes());
    let login = Login { user: user.into(), password: password.into() };
    let known = message.content.is_some();
    let session = Session::begin(&challenges[0], &login, known, own_nonce.into()).unwrap();
    let session = session.expect("the challenge can be answered");
    let answer = || String::from_utf8(session.answer(&message).unwrap().unwrap()).unwrap();
    (0..count).map(|_| answer()).collect()
}

fn get(target: &str) -> Message<'_> {
    Message { method: &Method::GET, target, content: Some(b"") }
}

#[test]
fn ok_the_examples_of_rfc_7616_section_3_9_1() {
    let own_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let challenge = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
            algorithm
        );
        let expected = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
             cnonce=\"{}\", nc=00000001, qop=auth, response=\"{}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", algorithm={}",
            own_nonce, response, algorithm
        );
        let login = ("Mufasa", "Circle of Life");
        assert_eq!(answers(&challenge, login, own_nonce, get("/dir/index.html"), 1), [expected]);
    }
}

#[test]
fn ok_the_example_of_rfc_2617_section_3_5() {
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let login = ("Mufasa", "Circle Of Life");
    let answer = answers(challenge, login, "0a4f113b", get("/dir/index.html"), 1).remove(0);
    assert_eq!(
        answer,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         cnonce=\"0a4f113b\", nc=00000001, qop=auth, \
         response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

#[test]
fn ok_each_algorithm_with_each_protection() {
    let own_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let message =
        Message { method: &Method::POST, target: "/dir/index.html", content: Some(b"content") };
    for (parameters, response) in [
        ("", "a5bd0b50f7f25258a692c4f36270e05d"),
        ("algorithm=md5, qop=\"\"", "a5bd0b50f7f25258a692c4f36270e05d"),
        ("qop=auth", "6f31d8ff6361bb27783b6ac62b999535"),
        ("qop=\" crazy,AUTH-INT, Auth\"", "6f31d8ff6361bb27783b6ac62b999535"),
        ("qop=auth-int", "d5943d5209a7a9017cda53c6861a3894"),
        ("algorithm=MD5-sess, qop=auth", "9e3465d402d672d7b3c6a659201e5672"),
        ("algorithm=MD5-sess, qop=auth-int", "1c89322d30fd73491f5813d740f0f99d"),
        (
            "algorithm=\"SHA-256\"",
            "1d27c5c95ffad388403b5002da0025bf7e6e98925ed7fe241c1ae5b684756db3",
        ),
        (
            "algorithm=SHA-256, qop=auth",
            "b85bfcaae378db6f6d75b1706062ac3d66fec2dd3d0082d77885522866488dac",
        ),
        (
            "algorithm=SHA-256, qop=auth-int",
            "ca74b3811b6ec0a9748a26ae143cd63edd214546b6d12a7d0d147e3dc0e544aa",
        ),
        (
            "algorithm=sha-256-SESS, qop=auth",
            "0e658dc13b25b342e9281bdff874ea276afc02b18423b0b6e6d4db12ef338586",
        ),
        (
            "algorithm=SHA-256-sess, qop=auth-int",
            "e3e6c96cb438d0e173f1c3bee78f9480b989de7daf77fb9e10260b40e13dec37",
        ),
    ] {
        let challenge = format!(
            "Digest realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", {}",
            parameters
        );
        let login = ("Mufasa", "Circle of Life");
        let answer = answers(&challenge, login, own_nonce, message, 1).remove(0);
        let found = format!("response=\"{}\"", response);
        assert!(answer.contains(&found), "{}: {}", parameters, answer);
    }
}

#[test]
fn ok_names_go_as_they_can_be_read() {
    let hash = "5a1a8a47df5c298551b9b42ba9b05835174a5bd7d511ff7fe9191d8e946fc4e7";
    for (user, parameters, expected) in [
        ("me", "", "username=\"me\"".to_owned()),
        ("a\"b\\c", "", "username=\"a\\\"b\\\\c\"".to_owned()),
        ("Jäsøn Doe", "", "username=\"Jäsøn Doe\"".to_owned()),
        ("Jäsøn Doe", "charset=utf-8", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe".to_owned()),
        ("me*'%", "charset=UTF-8", "username=\"me*'%\"".to_owned()),
        ("é*'%", "charset=UTF-8", "username*=UTF-8''%C3%A9%2A%27%25".to_owned()),
        (
            "Jäsøn Doe",
            "charset=UTF-8, userhash=true, algorithm=SHA-256",
            format!("username=\"{}\"", hash),
        ),
    ] {
        let challenge = format!("Digest realm=\"api@example.org\", nonce=n, {}", parameters);
        let answer = answers(&challenge, (user, "secret"), "c", get("/"), 1).remove(0);
        let begins = format!("Digest {}, realm=", expected);
        assert!(answer.starts_with(&begins), "{} {}: {}", user, parameters, answer);
        assert_eq!(answer.ends_with(", userhash=true"), parameters.contains("userhash"));
    }
}

#[test]
fn ok_the_count_goes_up_and_the_own_nonce_stays() {
    let answers = answers("Digest realm=r, nonce=n, qop=auth", ("a", "b"), "c", get("/"), 3);
    for (answer, count) in answers.iter().zip(1..) {
        assert!(answer.contains(&format!("cnonce=\"c\", nc=0000000{}, qop=auth", count)));
    }
    assert_ne!(digest::own_nonce(), digest::own_nonce());
}

#[test]
fn err_a_name_that_breaks_the_field() {
    let credentials = Credentials::digest("a\nb", "c");
    let values = [&b"Digest realm=r, nonce=n"[..]];
    let error = challenged(&credentials, &place("http://a/"), &values, true).unwrap_err();
    assert!(error.to_string().contains("control character"));
    assert!(Credentials::basic("a:b", "c").at_once().is_err());
}

/// What comes of field values.
fn challenged(
    credentials: &Credentials,
    place: &Origin,
    values: &[&[u8]],
    content_is_known: bool,
) -> Result<News> {
    let dialogue = credentials.dialogue().expect("they wait to be asked");
    dialogue.challenged(place, &mut values.iter().copied(), content_is_known)
}

/// What is answered to these lines, up to the realm.
fn chosen(credentials: &Credentials, lines: &[&str], content: Option<&[u8]>) -> (News, String) {
    let place = place("http://a/");
    let values: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let news = challenged(credentials, &place, &values, content.is_some()).unwrap();
    let message = Message { content, ..get("/") };
    let dialogue = credentials.dialogue().unwrap();
    let answer = dialogue.answer(&place, &message).unwrap().unwrap_or_default();
    (news, String::from_utf8(answer).unwrap())
}

#[test]
fn ok_the_strongest_challenge_is_answered() {
    let md5 = "Digest realm=m, nonce=n";
    let sha = "Digest realm=s, nonce=n, algorithm=SHA-256";
    let int = "Digest realm=i, nonce=n, qop=auth-int";
    let basic = "Basic realm=b";
    let digest: fn(&'static str, &'static str) -> Credentials = Credentials::digest;
    let any: fn(&'static str, &'static str) -> Credentials = Credentials::any;
    let table = [
        (any, &[basic, md5, sha][..], "realm=\"s\""),
        (any, &[sha, md5, basic], "realm=\"s\""),
        (any, &["Negotiate, NTLM", basic, md5], "realm=\"m\""),
        (any, &["Negotiate YII=, Basic realm=b"], "Basic YTpi"),
        (any, &[md5, "Digest realm=second, nonce=n"], "realm=\"m\""),
        (any, &["Digest realm=x, nonce=n, algorithm=SHA-512-256", md5], "realm=\"m\""),
        (any, &["Digest realm=x", basic], "Basic YTpi"),
        (any, &["Digest realm=x, nonce=\"a\"b", basic], "Basic YTpi"),
        (any, &["Digest realm=x, nonce=n, qop=auth-conf", basic], "Basic YTpi"),
        (any, &["Digest realm=x, nonce=n, algorithm=MD5-sess", basic], "Basic YTpi"),
        (any, &["Bearer realm=x"], ""),
        (any, &[], ""),
        (digest, &[basic], ""),
        (digest, &[basic, md5], "realm=\"m\""),
        (digest, &[int], "realm=\"i\""),
    ];
    for (make, lines, expected) in table {
        let (news, answer) = chosen(&make("a", "b"), lines, Some(b""));
        assert!(answer.contains(expected), "{:?}: {}", lines, answer);
        assert_eq!((news == News::Nothing), answer.is_empty(), "{:?}", lines);
        assert_eq!(news == News::Nothing, expected.is_empty(), "{:?}", lines);
    }
    // What would have to cover content that nobody knows is left alone.
    assert_eq!(chosen(&any("a", "b"), &[int, basic], None).1, "Basic YTpi");
    assert_eq!(chosen(&any("a:b", "b"), &[basic], None).0, News::Nothing);
    let long = format!("Digest realm=x, nonce=\"{}\"", "n".repeat(9000));
    assert_eq!(chosen(&any("a", "b"), &[&long], None).0, News::Nothing);
}

#[test]
fn ok_what_is_known_is_known_of_one_place_and_renewed_there() {
    let (here, there) = (place("http://a/"), place("http://a:81/"));
    let credentials = Credentials::digest("a", "b");
    let dialogue = credentials.dialogue().unwrap();
    assert!(dialogue.asks_first(&here, true));
    let challenge = &b"Digest realm=r, nonce=n, qop=auth, stale=TRUE"[..];
    let news = challenged(&credentials, &here, &[challenge], true).unwrap();
    assert_eq!(news, News::Stale);
    assert!(!dialogue.asks_first(&here, true) && dialogue.asks_first(&here, false));
    let answer = |place| {
        let answer = dialogue.answer(place, &get("/")).unwrap().unwrap_or_default();
        String::from_utf8(answer).unwrap()
    };
    assert!(answer(&here).contains("nonce=\"n\"") && answer(&here).contains("nc=00000002"));
    assert_eq!(answer(&there), "");
    let info = [&b"qop=auth, rspauth=\"0\""[..], b"nextnonce=\"m, o\""];
    dialogue.informed(&there, &mut info.into_iter());
    dialogue.informed(&here, &mut info.into_iter());
    assert!(answer(&here).contains("nonce=\"m, o\"") && answer(&here).contains("nc=00000002"));
    assert_eq!(answer(&there), "");
    credentials.clone().dialogue().unwrap().refused(&here);
    assert_eq!(answer(&here), "");
}

#[test]
fn ok_the_places_that_are_remembered_are_bounded() {
    let credentials = Credentials::any("a", "b");
    let at = |port| Origin::new(Scheme::Http, place("http://a/").host().clone(), port);
    for port in 1..=40 {
        challenged(&credentials, &at(port), &[b"Basic realm=x"], true).unwrap();
    }
    let asks_first = |port| credentials.dialogue().unwrap().asks_first(&at(port), false);
    assert_eq!((1..=40).filter(|&port| !asks_first(port)).count(), 32);
    assert!(asks_first(8) && !asks_first(9));
}

#[test]
fn ok_nothing_secret_is_shown() {
    for (credentials, shown) in [
        (Credentials::basic("user", "pass"), "Credentials(basic)"),
        (Credentials::digest("user", "pass"), "Credentials(digest)"),
        (Credentials::any("user", "pass"), "Credentials(any)"),
        (Credentials::bearer("token"), "Credentials(bearer)"),
    ] {
        assert_eq!(format!("{:?}", credentials), shown);
    }
}

#[test]
fn ok_the_example_of_rfc_7617_section_2() {
    for (user, password, expected) in [
        ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ("", "", "Basic Og=="),
    ] {
        let value = Credentials::basic(user, password).at_once().unwrap();
        assert_eq!(value.as_deref(), Some(expected));
    }
    let value = Credentials::bearer("mF_9.B5f-4.1JqM").at_once().unwrap();
    assert_eq!(value.as_deref(), Some("Bearer mF_9.B5f-4.1JqM"));
}
