//! The page and what it loads. A debug build reads the files from disk, so that a reload shows each change; a release
//! build carries them inside.

use axum::{
    Router,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;

/// All that the page needs, and nothing else: no inline script, no foreign host, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../web"]
#[include = "*.css"]
#[include = "*.html"]
#[include = "*.js"]
#[include = "*.svg"]
struct Page;

/// A route for each file, so that any other path is still the API's to answer.
pub(crate) fn router() -> Router {
    Page::iter().fold(Router::new(), |router, file| {
        let path = if file == "index.html" { "/".to_owned() } else { format!("/{file}") };
        router.route(&path, get(async move |headers: HeaderMap| answer(&file, &headers)))
    })
}

fn answer(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Page::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let etag =
        format!("\"{}\"", file.metadata.sha256_hash().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // The browser asks each time, and is told at once when it has the file already.
    let caching = [(ETAG, etag.clone()), (CACHE_CONTROL, "no-cache".to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let own =
        [(CONTENT_TYPE, content_type(name)), (CONTENT_SECURITY_POLICY, POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (caching, own, file.data.into_owned()).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_is_sent_once() {
        let response = answer("index.html", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");

        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, response.headers()[ETAG].clone());
        assert_eq!(answer("index.html", &headers).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(answer("../functions/Cargo.toml", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_file_has_a_type_and_declarations_stay_at_home() {
        for file in Page::iter() {
            assert_ne!(content_type(&file), "application/octet-stream", "{file}");
            assert!(!file.ends_with(".d.ts"), "{file}");
        }
    }
}
