//! Building requests: what a caller may say of one. The first bad input is kept. What becomes of it all
//! is in `draft`.

use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::event::Observer;
use crate::http::{form, range, Headers, Method, StatusCode, Url};
use crate::net::CancelToken;
use crate::proto::h1::{Target, Transfer};

use super::auth::{Credentials, Netrc};
use super::body::Body;
#[cfg(feature = "gzip")]
use super::decode::Decoding;
use super::draft::Draft;
use super::multipart::Multipart;
use super::protocol::{Protocol, Spoken};
use super::redirect::RedirectPolicy;
use super::request::{invalid, Request};
use super::response::Response;
use super::retry::{Retries, RetryPolicy};
use super::timeouts::Timeouts;
use super::Client;

/// Builds a [`Request`]. The first bad input is kept and returned by [`build`](RequestBuilder::build)
/// or [`send`](RequestBuilder::send).
///
/// What goes out is `Host`, the caller's fields in their order, then those of the client and those that
/// frame the content (RFC 9112 §6), but for what the caller gave or
/// [refused](RequestBuilder::without_header).
///
/// ```
/// use pannier::{Client, ErrorKind};
///
/// let client = Client::builder().user_agent("").build();
/// let request = client
///     .post("http://example.com/items")
///     .query([("dry run", "yes")])
///     .header("Accept", "text/plain")
///     .without_header("Accept-Encoding")
///     .body("hello")
///     .build()?;
/// assert_eq!(request.url().as_str(), "http://example.com/items?dry+run=yes");
/// let fields: Vec<_> = request.headers().iter().map(|(name, _)| name).collect();
/// assert_eq!(fields, ["Host", "Accept", "Content-Length"]);
///
/// let split = client.get("http://example.com/").header("X-Note", "a\r\nX-Other: b");
/// assert_eq!(split.build().unwrap_err().kind(), ErrorKind::InvalidRequest);
/// # Ok::<(), pannier::Error>(())
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    draft: Result<Draft>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, url: Result<Url>) -> RequestBuilder {
        let draft = url.map(|url| Draft::new(client.config(), method, url));
        RequestBuilder { client, draft }
    }

    /// Adds a field line. `Host`, `Content-Length` and `Transfer-Encoding` take the place of those
    /// that would be computed, but must agree with the body.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> RequestBuilder {
        self.change(|draft| draft.headers.append(name, value).map_err(invalid))
    }

    /// Replaces all field lines of this name.
    pub fn set_header(self, name: &str, value: impl AsRef<[u8]>) -> RequestBuilder {
        self.change(|draft| draft.headers.set(name, value).map_err(invalid))
    }

    /// Adds all these field lines.
    pub fn headers(self, headers: &Headers) -> RequestBuilder {
        self.change(|draft| {
            let mut lines = headers.iter();
            lines.try_for_each(|(name, value)| draft.headers.append(name, value)).map_err(invalid)
        })
    }

    /// Removes a field, and keeps the client from adding it by itself.
    pub fn without_header(self, name: &str) -> RequestBuilder {
        self.change(|draft| {
            draft.headers.remove(name);
            draft.refused.push(name.to_owned());
            Ok(())
        })
    }

    /// Marks a field as secret: it is not sent to another origin after a redirect, and observers are
    /// not told its value. `Authorization`, `Cookie` and `Proxy-Authorization` always are.
    pub fn sensitive(self, name: &str) -> RequestBuilder {
        self.change(|draft| {
            draft.sensitive.push(name.to_owned());
            Ok(())
        })
    }

    /// Adds pairs to the query, form-encoded.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> RequestBuilder {
        self.change(|draft| {
            for (name, value) in pairs {
                Arc::make_mut(&mut draft.url).append_query(name.as_ref(), value.as_ref());
            }
            Ok(())
        })
    }

    /// What the origin of the URL is shown; another origin, after a redirect, is not. They take the
    /// place of an `Authorization` that was given before, and of userinfo in the URL.
    pub fn credentials(self, credentials: Credentials) -> RequestBuilder {
        self.change(|draft| {
            draft.headers.remove("Authorization");
            draft.credentials = Some(credentials);
            Ok(())
        })
    }

    /// Basic authentication (RFC 7617): [`Credentials::basic`]. A user name cannot have a colon.
    pub fn basic_auth(self, user: &str, password: Option<&str>) -> RequestBuilder {
        self.credentials(Credentials::basic(user, password.unwrap_or("")))
    }

    /// Bearer authentication (RFC 6750): [`Credentials::bearer`].
    pub fn bearer_auth(self, token: &str) -> RequestBuilder {
        self.credentials(Credentials::bearer(token))
    }

    /// Where credentials are looked up by host, in place of the client's netrc file.
    pub fn netrc(self, netrc: Netrc) -> RequestBuilder {
        self.change(|draft| {
            draft.netrc = Some(Arc::new(netrc));
            Ok(())
        })
    }

    /// Asks for these bytes of the content only (RFC 9110 §14.2): `5..` for all from the sixth on. A
    /// server may still send all of it, or has nothing there:
    /// [`Response::content_range`](crate::Response::content_range) tells what came.
    ///
    /// A part that is to be put behind another must be of the same representation. `If-Range` with the
    /// strong `ETag` that came with the first part has the server send all of it if it is not:
    ///
    /// ```
    /// use pannier::{net::Script, Client};
    /// let script = Script::new().expect_until("\r\n\r\n").reply(
    ///     "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-10/11\r\nContent-Length: 6\r\n\r\n world",
    /// );
    /// let client = Client::builder().connector(Script::connections([script])).build();
    /// let mut file = b"hello".to_vec();
    /// let response = client
    ///     .get("http://a/file")
    ///     .range(file.len() as u64..)
    ///     .header("If-Range", "\"v1\"")
    ///     .send()?;
    /// match response.content_range().and_then(|range| range.first()) {
    ///     Some(first) => file.truncate(first as usize),
    ///     None => file.clear(),
    /// }
    /// file.extend(response.bytes()?);
    /// assert_eq!(file, b"hello world");
    /// # Ok::<(), pannier::Error>(())
    /// ```
    ///
    /// # Errors
    /// The range has no byte.
    pub fn range(self, bytes: impl RangeBounds<u64>) -> RequestBuilder {
        self.change(|draft| match range::request(bytes) {
            Some(value) => draft.headers.set("Range", value).map_err(invalid),
            None => {
                Err(Error::new(ErrorKind::InvalidRequest)
                    .message("a range of no bytes is asked for"))
            }
        })
    }

    /// The content.
    pub fn body(self, body: impl Into<Body>) -> RequestBuilder {
        self.change(|draft| {
            draft.body = body.into();
            Ok(())
        })
    }

    /// Asks the server whether it wants the content before sending it, by `Expect: 100-continue`
    /// (RFC 9110 §10.1.1), and waits for its word as long as
    /// [`Timeouts::expect_continue`] says. A final response that comes instead is the response, and the
    /// content is not sent; after a 417 the request is repeated once without asking, if its body can be
    /// sent [again](Body::is_replayable). Without content nothing is asked, and in HTTP/1.0, where a
    /// server overlooks the question, nothing is awaited. Never done unasked: it costs a round trip.
    pub fn expect_continue(self) -> RequestBuilder {
        self.change(|draft| {
            draft.expects_continue = true;
            draft.headers.set("Expect", "100-continue").map_err(invalid)
        })
    }

    /// Pairs as `application/x-www-form-urlencoded` content.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> RequestBuilder {
        self.change(|draft| {
            draft.body = Body::from(form::serialize(pairs));
            draft.headers.set("Content-Type", "application/x-www-form-urlencoded").map_err(invalid)
        })
    }

    /// A form of fields and files as content (RFC 7578), or other content of several parts. Sets
    /// `Content-Type`. The length is announced if that of every part is known.
    pub fn multipart(self, form: Multipart) -> RequestBuilder {
        self.change(|draft| {
            draft.headers.set("Content-Type", form.content_type()).map_err(invalid)?;
            draft.body = form.into_body()?;
            Ok(())
        })
    }

    /// How long this request may take, in place of all of the client's timeouts.
    pub fn timeouts(self, timeouts: Timeouts) -> RequestBuilder {
        self.change(|draft| {
            draft.timeouts = timeouts;
            Ok(())
        })
    }

    /// Which redirects of this request are followed, in place of the client's policy.
    pub fn redirects(self, redirects: RedirectPolicy) -> RequestBuilder {
        self.change(|draft| {
            draft.redirects = redirects;
            Ok(())
        })
    }

    /// When this request is sent again, in place of the client's policy.
    pub fn retries(self, retries: RetryPolicy) -> RequestBuilder {
        self.change(|draft| {
            draft.retries = Retries::by(retries);
            Ok(())
        })
    }

    /// The protocol of this request, in place of the client's.
    pub fn protocol(self, protocol: Protocol) -> RequestBuilder {
        self.change(|draft| {
            draft.spoken = Spoken::named(protocol);
            Ok(())
        })
    }

    /// Whether content codings are asked for and decoded, in place of the client's policy.
    #[cfg(feature = "gzip")]
    pub fn decoding(self, decoding: Decoding) -> RequestBuilder {
        self.change(|draft| {
            draft.decoding = decoding;
            Ok(())
        })
    }

    /// What ends this request from another thread.
    pub fn cancel(self, token: CancelToken) -> RequestBuilder {
        self.change(|draft| {
            draft.cancel = Some(token);
            Ok(())
        })
    }

    /// Who is told what happens, in place of the client's observer.
    pub fn observer(self, observer: Arc<dyn Observer>) -> RequestBuilder {
        self.change(|draft| {
            draft.observer = Some(Arc::new(observer));
            Ok(())
        })
    }

    /// Who is told of each interim response (1xx, RFC 9110 §15.2) when it comes, while the final one is
    /// still waited for: the `Link`s of a 103, for instance, which are worth something now. Whatever
    /// this does delays the exchange. They are told also on the way over redirects and retries.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use pannier::net::Script;
    /// use pannier::Client;
    ///
    /// let script = Script::new()
    ///     .expect_until("\r\n\r\n")
    ///     .reply("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    ///     .reply("HTTP/1.1 204 No Content\r\n\r\n");
    /// let client = Client::builder().connector(script.repeated()).build();
    ///
    /// let (found, links) = channel();
    /// let request = client.get("http://example.com/").on_informational(move |status, headers| {
    ///     if status.as_u16() == 103 {
    ///         headers.get("Link").map(|link| found.send(link.to_owned()));
    ///     }
    /// });
    /// request.send()?;
    /// assert_eq!(links.try_recv().as_deref(), Ok("</style.css>"));
    /// # Ok::<(), pannier::Error>(())
    /// ```
    pub fn on_informational(
        self,
        tell: impl Fn(StatusCode, &Headers) + Send + Sync + 'static,
    ) -> RequestBuilder {
        self.change(|draft| {
            draft.on_informational = Some(Arc::new(tell));
            Ok(())
        })
    }

    /// A request target to send in place of path and query: `*` for instance.
    pub fn target(self, target: &str) -> RequestBuilder {
        self.change(|draft| {
            Target::verbatim(target).map_err(invalid)?;
            draft.target = Some(target.into());
            Ok(())
        })
    }

    /// Whether a chunked response is to be handed out as it comes, chunk sizes and trailers included.
    pub fn raw_transfer(self, on: bool) -> RequestBuilder {
        self.change(|draft| {
            draft.transfer = if on { Transfer::Raw } else { Transfer::Decoded };
            Ok(())
        })
    }

    /// The request.
    ///
    /// # Errors
    /// The first bad input, or framing fields that do not agree with the body.
    pub fn build(self) -> Result<Request> {
        self.draft?.finish(self.client.config())
    }

    /// Sends the request: see [`Client::send`].
    ///
    /// # Errors
    /// Those of [`build`](RequestBuilder::build) and of [`Client::send`].
    pub fn send(self) -> Result<Response> {
        let request = self.draft?.finish(self.client.config())?;
        self.client.send(&request)
    }

    fn change(mut self, change: impl FnOnce(&mut Draft) -> Result<()>) -> RequestBuilder {
        if let Ok(draft) = &mut self.draft {
            if let Err(error) = change(draft) {
                self.draft = Err(error);
            }
        }
        self
    }
}

/// The fields are not shown: there are credentials among them.
impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.draft {
            Ok(draft) => f
                .debug_struct("RequestBuilder")
                .field("method", &draft.method)
                .field("url", &draft.url)
                .field("body", &draft.body)
                .finish_non_exhaustive(),
            Err(error) => f.debug_tuple("RequestBuilder").field(error).finish(),
        }
    }
}
