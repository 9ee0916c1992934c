//! A form with a file as browsers send it: `multipart/form-data`, RFC 7578. Its parts come one after the other, each as a
//! stream, so a file of any size takes no memory.

use axum::{
    body::{BodyDataStream, Bytes},
    extract::Request,
    http::header,
};
use bytes::{Buf, BytesMut};
use futures_util::StreamExt;
use memchr::memmem;

use super::{Code, Problem, body};

/// The longest line that names a part.
const LINE_MAX: usize = 16 << 10;
/// The most lines that name a part.
const LINES_MAX: usize = 16;
/// The longest boundary, by RFC 2046.
const BOUNDARY_MAX: usize = 70;
/// How browsers write what would end a name.
const ESCAPED: [(&str, &str); 4] = [("%22", "\""), ("%0D", "\r"), ("%0A", "\n"), ("\\\"", "\"")];

/// The parts of a form.
pub struct Multipart {
    body: BodyDataStream,
    /// What came and was not given out yet.
    held: BytesMut,
    /// What stands before each part and after the last.
    mark: Vec<u8>,
    /// Whether the present part has ended.
    over: bool,
}

/// What a part says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The name of the file, if it is one; browsers send an empty one where none was chosen.
    pub file: Option<String>,
}

impl Multipart {
    /// The form of a request; `None` when what it sends is nothing of this kind.
    pub fn of(request: Request) -> Option<Multipart> {
        let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        let mark = [b"\r\n--", boundary(kind)?.as_bytes()].concat();
        // The first mark need not have a line before it.
        Some(Multipart {
            body: request.into_body().into_data_stream(),
            held: "\r\n".into(),
            mark,
            over: false,
        })
    }

    /// The next part; what was not read of the one before is passed over.
    pub async fn part(&mut self) -> Result<Option<Part>, Problem> {
        while self.chunk().await?.is_some() {}
        if self.line().await?.starts_with(b"--") {
            return Ok(None);
        }
        let mut part = Part::default();
        for _ in 0..LINES_MAX {
            let line = self.line().await?;
            if line.is_empty() {
                self.over = false;
                return Ok(Some(part));
            }
            part.read(&String::from_utf8_lossy(&line));
        }
        Err(broken("one of its parts has too many lines before it"))
    }

    /// More of the present part; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.over {
            match memmem::find(&self.held, &self.mark) {
                Some(0) => {
                    self.held.advance(self.mark.len());
                    self.over = true;
                }
                Some(at) => return Ok(Some(self.held.split_to(at).freeze())),
                // The end of what is held may be where a mark begins.
                None if self.held.len() >= self.mark.len() => {
                    let sure = self.held.len() - self.mark.len() + 1;
                    return Ok(Some(self.held.split_to(sure).freeze()));
                }
                None => self.more().await?,
            }
        }
        Ok(None)
    }

    /// The present part as text, of at most so many bytes.
    pub async fn text(&mut self, most: usize) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > most {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("A field of the form is larger than {most} bytes."),
                ));
            }
        }
        String::from_utf8(bytes).map_err(|_| broken("one of its fields is not UTF-8"))
    }

    async fn line(&mut self) -> Result<Bytes, Problem> {
        loop {
            match memmem::find(&self.held, b"\r\n") {
                Some(at) if at <= LINE_MAX => {
                    let line = self.held.split_to(at).freeze();
                    self.held.advance(2);
                    return Ok(line);
                }
                // The mark that ends the form may be the last of it.
                None if self.held.starts_with(b"--") => return Ok(self.held.split().freeze()),
                None if self.held.len() <= LINE_MAX => self.more().await?,
                _ => return Err(broken("one of its lines is too long")),
            }
        }
    }

    async fn more(&mut self) -> Result<(), Problem> {
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.held.extend_from_slice(&bytes);
                Ok(())
            }
            Some(Err(error)) => Err(body::too_slow(&error).unwrap_or_else(|| broken(&error.to_string()))),
            None => Err(broken("it ends before its last line")),
        }
    }
}

impl Part {
    /// Reads one of the lines before a part.
    fn read(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once(':') else { return };
        if name.trim().eq_ignore_ascii_case("content-disposition") {
            self.name = attribute(rest, "name").unwrap_or_default();
            self.file = attribute(rest, "filename");
        }
    }
}

/// What stands between two parts, as the type of the body says it.
fn boundary(kind: &str) -> Option<&str> {
    let (kind, rest) = kind.split_once(';')?;
    let mut words = rest.split(';').filter_map(|word| word.trim().split_once('='));
    let (_, boundary) = words.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim_matches('"');
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    (is_form && (1..=BOUNDARY_MAX).contains(&boundary.len())).then_some(boundary)
}

/// A quoted attribute of a line, as browsers write it.
fn attribute(line: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let rest = &line[line.find(&start)? + start.len()..];
    let end = rest.match_indices('"').map(|(at, _)| at).find(|at| !rest[..*at].ends_with('\\'))?;
    let unescape = |text: String, (written, meant): &(&str, &str)| text.replace(written, meant);
    Some(ESCAPED.iter().fold(rest[..end].to_owned(), unescape))
}

fn broken(why: &str) -> Problem {
    Problem::new(Code::InvalidRequest, format!("The form did not arrive whole: {why}."))
        .hint("Send it again.")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::*;

    /// The parts of a form that arrives in pieces of so many bytes.
    async fn read(text: &str, piece: usize) -> Result<Vec<(Part, String)>, Problem> {
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            text.as_bytes().chunks(piece).map(|piece| Ok(piece.to_vec())).collect();
        let request = Request::builder()
            .header("content-type", "multipart/form-data; boundary=\"x-1\"")
            .body(Body::from_stream(stream::iter(pieces)));
        let mut form = Multipart::of(request.unwrap()).unwrap();
        let mut parts = Vec::new();
        while let Some(part) = form.part().await? {
            let text = form.text(1_000).await?;
            parts.push((part, text));
        }
        Ok(parts)
    }

    const FORM: &str = "--x-1\r\nContent-Disposition: form-data; name=\"project\"\r\n\r\napp\r\n\
        --x-1\r\ncontent-disposition: form-data; name=\"none\"\r\n\r\n\r\n\
        --x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b\\\"c.csv\"\r\n\
        Content-Type: text/csv\r\n\r\nemail\r\n--x-2\r\n--x\r\n\r\n--x-1--";

    #[tokio::test]
    async fn parts_are_the_same_in_whatever_pieces_they_come() {
        for end in ["", "\r\n", "\r\nepilogue"] {
            for piece in 1..40 {
                let parts = read(&format!("{FORM}{end}"), piece).await.unwrap();
                let names: Vec<_> =
                    parts.iter().map(|(part, _)| (part.name.as_str(), part.file.as_deref())).collect();
                assert_eq!(names, [("project", None), ("none", None), ("file", Some("a \"b\"c.csv"))]);
                let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
                assert_eq!(texts, ["app", "", "email\r\n--x-2\r\n--x\r\n"], "{piece}");
            }
        }
    }

    #[tokio::test]
    async fn a_form_that_is_cut_is_refused() {
        for end in 1..FORM.len() - 2 {
            assert!(read(&FORM[..end], 7).await.is_err(), "{}", &FORM[..end]);
        }
        let endless = format!("--x-1\r\n{}", "a: b\r\n".repeat(LINES_MAX + 1));
        assert!(read(&endless, 7).await.unwrap_err().detail.contains("too many lines"));
        let long = format!("--x-1\r\n{}", "a".repeat(LINE_MAX + 1));
        assert!(read(&long, 1_000).await.unwrap_err().detail.contains("too long"));
    }

    #[tokio::test]
    async fn what_is_no_such_form_is_none() {
        for kind in [
            "text/plain",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=x",
        ] {
            let request = Request::builder().header("content-type", kind).body(Body::empty());
            assert!(Multipart::of(request.unwrap()).is_none(), "{kind}");
        }
    }
}
