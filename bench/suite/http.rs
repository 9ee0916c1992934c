//! A plain HTTP/1.1 client on one kept-alive connection: nothing of it may take longer than what it measures.
//!
//! A server may close a connection between two requests: it says so, or it has waited long enough (ours lets one wait ten seconds
//! for its first head, and more than a minute for the next). Such a connection is opened again. One that is closed instead of an
//! answer is an error.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
};

use serde_json::Value;

use crate::Failure;

/// The server under test, and a key for it.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) key: String,
}

/// A connection to it.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    server: Server,
    /// The server has said that it closes it.
    is_last: bool,
}

/// The head of an answer.
struct Head {
    status: u16,
    length: Option<usize>,
}

impl Server {
    pub(crate) fn open(&self) -> Result<Connection, Failure> {
        Ok(Connection { stream: self.connect()?, server: self.clone(), is_last: false })
    }

    fn connect(&self) -> Result<BufReader<TcpStream>, Failure> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::with_capacity(1 << 16, stream))
    }
}

impl Connection {
    /// Sends a request and reads its answer; anything but 2xx is an error.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Vec<u8>, Failure> {
        let (status, body) = self.try_send(request)?;
        match status {
            200..300 => Ok(body),
            _ => Err(format!("{status} to {}: {}", request.path, String::from_utf8_lossy(&body)).into()),
        }
    }

    /// The same for JSON.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.send(request)?)?)
    }

    /// Sends a request and reads its answer, whatever it is.
    pub(crate) fn try_send(&mut self, request: &Request) -> Result<(u16, Vec<u8>), Failure> {
        self.write(request)?;
        let head = self.head()?;
        let mut body = vec![0; head.length.ok_or("an answer without a length")?];
        self.stream.read_exact(&mut body)?;
        Ok((head.status, body))
    }

    /// Sends a request and counts the lines of its streamed answer, without the headers of chunks.
    pub(crate) fn lines(&mut self, request: &Request) -> Result<u64, Failure> {
        self.write(request)?;
        let head = self.head()?;
        if head.status != 200 {
            return Err(format!("{} to {}", head.status, request.path).into());
        }
        let (mut lines, mut size) = (0, String::new());
        let mut chunk = Vec::new();
        loop {
            size.clear();
            self.stream.read_line(&mut size)?;
            let length = usize::from_str_radix(size.trim(), 16)?;
            chunk.resize(length + 2, 0);
            self.stream.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(lines);
            }
            lines += chunk[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }

    /// Opens it again if the server has closed it, or is about to.
    pub(crate) fn mend(&mut self) -> Result<(), Failure> {
        if self.is_last || self.is_closed()? {
            self.stream = self.server.connect()?;
            self.is_last = false;
        }
        Ok(())
    }

    /// Whether the server has closed it. Between two requests nothing else is to come.
    fn is_closed(&self) -> Result<bool, Failure> {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        Ok(!peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock))
    }

    fn write(&mut self, request: &Request) -> Result<(), Failure> {
        self.mend()?;
        let Request { method, path, body } = request;
        let text = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.server.key,
            body.len()
        );
        Ok(self.stream.get_mut().write_all(text.as_bytes())?)
    }

    fn head(&mut self) -> Result<Head, Failure> {
        let (mut head, mut line) = (Head { status: 0, length: None }, String::new());
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the server closed the connection".into());
            }
            let text = line.trim_end();
            if text.is_empty() {
                return Ok(head);
            }
            match text.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    head.length = value.parse().ok();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("connection") => {
                    self.is_last = value.eq_ignore_ascii_case("close");
                }
                None => {
                    head.status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                }
                _ => {}
            }
        }
    }
}

/// A request to send, perhaps many times.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    body: String,
}

impl Request {
    pub(crate) fn get(path: &str) -> Request {
        Request { method: "GET", path: path.to_owned(), body: String::new() }
    }

    pub(crate) fn post(path: &str, body: impl Into<String>) -> Request {
        Request { method: "POST", path: path.to_owned(), body: body.into() }
    }
}
