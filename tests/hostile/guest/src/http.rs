//! Requests as no honest library makes them: each part goes to the host as it is given.

use headcount_connector::contract::connector::headcount::connector::config;
use headcount_connector::contract::wasi::wasi::http::outgoing_handler;
use headcount_connector::contract::wasi::wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use headcount_connector::contract::wasi::wasi::io::streams::{OutputStream, StreamError};
use headcount_connector::{Failure, Result};
use serde_json::Value;

use crate::attack::report;

/// One of the connection's settings, as text.
pub fn setting(name: &str) -> String {
    let all: Value = serde_json::from_str(&config::get()).unwrap_or_default();
    all.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The port of the server inside.
pub fn inside_port() -> String {
    setting("inside").rsplit(':').next().unwrap_or_default().to_owned()
}

/// A request.
#[derive(Clone)]
pub struct Ask {
    pub method: Method,
    pub scheme: Scheme,
    pub authority: String,
    pub path: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Ask {
    /// GET of `https://authority/path`; the path with its query.
    pub fn get(authority: impl Into<String>, path: impl Into<String>) -> Self {
        Ask {
            method: Method::Get,
            scheme: Scheme::Https,
            authority: authority.into(),
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// GET of the vendor's, below the base URL.
    pub fn vendor(path: &str) -> Self {
        Ask::get("api.mallory.example", format!("/v1{path}"))
    }

    pub fn method(self, method: Method) -> Self {
        Ask { method, ..self }
    }

    pub fn scheme(self, scheme: Scheme) -> Self {
        Ask { scheme, ..self }
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Ask { body: Some(body.into()), ..self }
    }

    /// Sends it and reads the answer; else says what stood in the way.
    pub fn send(&self) -> Result<Answer, String> {
        finish(&self.start()?)
    }

    /// Sends the header of a POST, and leaves its body open.
    pub fn begin(&self) -> Result<Begun, String> {
        let request = self.clone().method(Method::Post).request()?;
        let body = request.body().map_err(refused("body"))?;
        let stream = body.write().map_err(refused("body"))?;
        let waiting = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
        Ok(Begun { waiting, stream, body })
    }

    fn request(&self) -> Result<OutgoingRequest, String> {
        let fields = Fields::from_list(&self.headers).map_err(|error| format!("{error:?}"))?;
        let request = OutgoingRequest::new(fields);
        request.set_method(&self.method).map_err(refused("method"))?;
        request.set_scheme(Some(&self.scheme)).map_err(refused("scheme"))?;
        request.set_authority(Some(&self.authority)).map_err(refused("authority"))?;
        request.set_path_with_query(Some(&self.path)).map_err(refused("path"))?;
        Ok(request)
    }

    /// Sends it.
    pub fn start(&self) -> Result<FutureIncomingResponse, String> {
        let request = self.request()?;
        let body = match &self.body {
            Some(_) => Some(request.body().map_err(refused("body"))?),
            None => None,
        };
        let waiting = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
        if let (Some(sink), Some(bytes)) = (body, &self.body) {
            let stream = sink.write().map_err(refused("body"))?;
            for piece in bytes.chunks(4096) {
                stream.blocking_write_and_flush(piece).map_err(|error| format!("{error:?}"))?;
            }
            drop(stream);
            OutgoingBody::finish(sink, None).map_err(|code| format!("{code:?}"))?;
        }
        Ok(waiting)
    }
}

fn refused(part: &'static str) -> impl Fn(()) -> String {
    move |()| format!("the {part} is refused")
}

/// A POST whose body is not ended yet.
pub struct Begun {
    pub waiting: FutureIncomingResponse,
    pub stream: OutputStream,
    pub body: OutgoingBody,
}

/// Waits for an answer and reads it.
pub fn finish(waiting: &FutureIncomingResponse) -> Result<Answer, String> {
    let response = head(waiting)?;
    let headers = response.headers().entries();
    let status = response.status();
    Ok(Answer { status, headers, body: rest(&response)? })
}

/// Waits for an answer's header.
pub fn head(waiting: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    waiting.subscribe().block();
    match waiting.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(format!("{code:?}")),
        other => Err(format!("{other:?}")),
    }
}

fn rest(response: &IncomingResponse) -> Result<Vec<u8>, String> {
    let body = response.consume().map_err(|()| "the body is taken".to_owned())?;
    let stream = body.stream().map_err(|()| "the body is taken".to_owned())?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
}

/// Sends each, and tells the first that got an answer.
pub fn reach(asks: impl IntoIterator<Item = Ask>) -> Failure {
    let mut walls = Vec::new();
    for ask in asks {
        match ask.send() {
            Ok(answer) => return report(format!("reached {} {}: {}", ask.authority, ask.path, answer.status)),
            Err(wall) => walls.push(format!("{}: {wall}", ask.authority)),
        }
    }
    walls.truncate(40);
    report(format!("reached nothing; {}", walls.join(", ")))
}

/// Sends each, of which none may get an answer, and then an honest one of the same kind, which must.
pub fn walled(asks: impl IntoIterator<Item = Ask>, honest: &Ask) -> Failure {
    let failure = reach(asks);
    match failure.message.strip_prefix("reached nothing; ") {
        None => failure,
        Some(walls) => match honest.send() {
            Ok(answer) => report(format!("reached only what is honest: {}; {walls}", answer.status)),
            Err(wall) => report(format!("an honest ask gets no answer either: {wall}")),
        },
    }
}

/// Sends one, and tells all that came back: the status, each header, and the body.
pub fn tell(ask: &Ask) -> Failure {
    match ask.send() {
        Err(wall) => report(format!("nothing came back: {wall}")),
        Ok(answer) => {
            let headers: Vec<String> =
                answer.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
            report(format!("{}\n{}\n\n{}", answer.status, headers.join("\n"), String::from_utf8_lossy(&answer.body)))
        }
    }
}
