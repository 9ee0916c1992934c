//! Packages of files: always the same bytes for the same files.

use std::io::{self, Cursor, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::source::Source;

/// Tar's unit.
const BLOCK: usize = 512;

/// What npm installs: a tar with everything under `package/`.
pub(super) fn tgz(files: &[Source]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    for (path, bytes) in files {
        gzip.write_all(&header(&format!("package/{path}"), bytes.len())?)?;
        gzip.write_all(bytes)?;
        gzip.write_all(&[0; BLOCK][..bytes.len().next_multiple_of(BLOCK) - bytes.len()])?;
    }
    gzip.write_all(&[0; 2 * BLOCK])?;
    gzip.finish()
}

/// A tar's header of a file (POSIX ustar); its numbers are octal, and end in zero bytes.
fn header(path: &str, size: usize) -> io::Result<[u8; BLOCK]> {
    let mut header = [0; BLOCK];
    let mut write = |at: usize, text: &str| header[at..].as_mut().write_all(text.as_bytes());
    if path.len() > 100 {
        return Err(io::Error::other(format!("{path} is longer than the 100 bytes that a tar has for it")));
    }
    write(0, path)?;
    write(100, "0000644")?; // mode
    write(108, "0000000")?; // owner
    write(116, "0000000")?; // group
    write(124, &format!("{size:011o}"))?;
    write(136, "00000000000")?; // time
    write(148, "        0")?; // no sum yet; a file
    write(257, "ustar")?;
    write(263, "00")?; // version
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    Ok(header)
}

/// What pip installs: a zip with the modules and what is said of them (PEP 427).
pub(super) fn wheel(version: &str, files: &[Source], readme: &str) -> io::Result<Vec<u8>> {
    let info = format!("tinycrm-{version}.dist-info");
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for (path, bytes) in files {
        let place = if path.starts_with("tinycrm/") { String::new() } else { format!("{info}/licenses/") };
        parts.push((format!("{place}{path}"), bytes.to_vec()));
    }
    parts.push((format!("{info}/METADATA"), metadata(version, readme).into_bytes()));
    let wheel = "Wheel-Version: 1.0\nGenerator: tinycrm\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    parts.push((format!("{info}/WHEEL"), wheel.into()));
    let mut record: String = parts.iter().map(|(path, bytes)| recorded(path, bytes)).collect();
    record += &format!("{info}/RECORD,,\n");
    parts.push((format!("{info}/RECORD"), record.into_bytes()));
    zipped(&parts)
}

fn metadata(version: &str, readme: &str) -> String {
    format!(
        "Metadata-Version: 2.4\nName: tinycrm\nVersion: {version}\n\
         Summary: identify() and ping() for TinyCRM: who your customers are, and anything else you know about them\n\
         License-Expression: Apache-2.0 OR MIT\nLicense-File: LICENSE-APACHE\nLicense-File: LICENSE-MIT\n\
         Requires-Python: >=3.9\nDescription-Content-Type: text/markdown\n\n{readme}"
    )
}

/// A line of a wheel's `RECORD`.
fn recorded(path: &str, bytes: &[u8]) -> String {
    format!("{path},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)), bytes.len())
}

fn zipped(parts: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in parts {
        zip.start_file(path.as_str(), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
