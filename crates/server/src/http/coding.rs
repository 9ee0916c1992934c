//! `Content-Encoding` of bodies, on every route: what is compressed is read as if it were not, what is not known is refused
//! with the list of what is.

use std::{io, pin::Pin};

use async_compression::futures::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{AsyncRead, AsyncReadExt, TryStreamExt, stream};

use super::{Code, Problem};

/// What is read, as `Accept-Encoding` lists it.
const READ: &str = "gzip, deflate, br, zstd";
/// How much is decompressed at once.
const CHUNK: usize = 16 << 10;

/// The mark of a request whose body was compressed: what is read of it is more than what was sent.
#[derive(Clone, Copy, Debug)]
pub struct Unpacked;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// Decompresses the body of a request. How much of it is read is for the handler to say: it comes as it is asked for.
pub async fn layer(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (mut parts, mut body) = request.into_parts();
    match coding(&parts.headers) {
        Ok(None) => {}
        Ok(Some(coding)) => {
            parts.headers.remove(header::CONTENT_ENCODING);
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.extensions.insert(Unpacked);
            body = decompressed(coding, body);
        }
        Err(problem) => return ([(header::ACCEPT_ENCODING, READ)], problem).into_response(),
    }
    next.run(Request::from_parts(parts, body)).await
}

/// The one coding of a body; `None` when it is sent as it is.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Problem> {
    let lines = headers.get_all(header::CONTENT_ENCODING).iter();
    let lines: Vec<String> =
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
    let names = lines.iter().flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase());
    let names: Vec<String> = names.filter(|name| !name.is_empty() && name != "identity").collect();
    match names.as_slice() {
        [] => Ok(None),
        [one] => Coding::of(one).map(Some).ok_or_else(|| {
            let shown: String = one.chars().take(40).collect();
            unsupported(format!("This server reads no bodies in the coding {shown:?}."))
        }),
        _ => Err(unsupported("The body is coded several times over.".to_owned())),
    }
}

impl Coding {
    fn of(name: &str) -> Option<Coding> {
        match name {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "br" => Some(Coding::Brotli),
            "zstd" => Some(Coding::Zstd),
            _ => None,
        }
    }
}

fn unsupported(detail: String) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail)
        .hint(format!("Send it plain, or with one Content-Encoding of these: {READ}."))
}

/// A body that is decompressed as it is read. What follows the end of the first part is read as another one, or refused:
/// nothing is dropped silently.
fn decompressed(coding: Coding, body: Body) -> Body {
    let raw = body.into_data_stream().map_err(io::Error::other).into_async_read();
    macro_rules! whole {
        ($decoder:ident) => {{
            let mut decoder = $decoder::new(raw);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }};
    }
    let decoder: Pin<Box<dyn AsyncRead + Send>> = match coding {
        Coding::Gzip => whole!(GzipDecoder),
        Coding::Deflate => whole!(ZlibDecoder),
        Coding::Brotli => whole!(BrotliDecoder),
        Coding::Zstd => whole!(ZstdDecoder),
    };
    Body::from_stream(stream::try_unfold(decoder, chunk))
}

async fn chunk<R: AsyncRead + Unpin>(mut decoder: R) -> io::Result<Option<(Bytes, R)>> {
    let mut bytes = vec![0; CHUNK];
    let count = decoder.read(&mut bytes).await?;
    bytes.truncate(count);
    Ok((count > 0).then(|| (Bytes::from(bytes), decoder)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Coding>, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        coding(&headers)
    }

    #[test]
    fn a_coding_is_known_by_any_of_its_names() {
        let rows: [(&[&str], Option<Coding>); 10] = [
            (&[], None),
            (&[""], None),
            (&["identity"], None),
            (&["gzip"], Some(Coding::Gzip)),
            (&["GZip "], Some(Coding::Gzip)),
            (&["x-gzip"], Some(Coding::Gzip)),
            (&["X-GZIP"], Some(Coding::Gzip)),
            (&["deflate"], Some(Coding::Deflate)),
            (&["BR"], Some(Coding::Brotli)),
            (&["zstd, identity"], Some(Coding::Zstd)),
        ];
        for (lines, coding) in rows {
            assert_eq!(read(lines).unwrap(), coding, "{lines:?}");
        }
        let refused: [&[&str]; 5] =
            [&["compress"], &["x-gzipped"], &["gzip, br"], &["gzip", "gzip"], &["\u{e9}"]];
        for lines in refused {
            let problem = read(lines).unwrap_err();
            assert_eq!(problem.code, Code::UnsupportedMediaType, "{lines:?}");
            assert!(problem.hint.unwrap().contains(READ), "{lines:?}");
        }
    }
}
