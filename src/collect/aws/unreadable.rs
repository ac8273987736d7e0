//! What stands in an answer that is not one of AWS's, in words that a person knows: a web page of a proxy or a sign-in page,
//! a redirection, nothing, or something that breaks off. What the SDK's parsers say of it goes to the log alone.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::text::plain;

/// What an interceptor of ours says of an answer stands behind this.
const OWN_WORDS: &str = "interceptor encountered an error: ";
/// Characters of a page's title that are shown.
const TITLE: usize = 60;

/// What came instead of an answer of AWS: a whole sentence without its end.
pub(super) fn describe(error: &dyn Error, response: &HttpResponse) -> String {
    let body = response.body().bytes().unwrap_or_default();
    let status = response.status().as_u16();
    if let Some(title) = web_page(response.headers().get("content-type").unwrap_or_default(), body) {
        let title = if title.is_empty() { String::new() } else { format!(" with the title {title:?}") };
        return format!(
            "received a web page{title} instead of AWS's answer (HTTP status {status}); check for a proxy or sign-in \
             page, and AWS_ENDPOINT_URL"
        );
    }
    if (300..400).contains(&status) {
        let to =
            response.headers().get("location").and_then(host).map_or_else(String::new, |host| format!(" to {host}"));
        return format!(
            "the call was redirected{to} (HTTP status {status}), which AWS does not do; check for a proxy or sign-in \
             page"
        );
    }
    if status == 407 {
        return "the proxy asks for a user name and password (HTTP status 407); set them in HTTPS_PROXY".to_owned();
    }
    if !(200..300).contains(&status) {
        return format!("HTTP status {status} without an error code of AWS; did AWS answer, or something in the way?");
    }
    if body.is_empty() {
        return "the answer cannot be read: it is empty".to_owned();
    }
    match own_words(error) {
        Some(own) => format!("the answer cannot be read: {own}"),
        None => "the answer cannot be read: it is cut off or garbled, or it is not AWS's".to_owned(),
    }
}

/// What the causes of an error say, the outermost first.
pub(super) fn causes(error: &dyn Error) -> Vec<String> {
    let mut said = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push(error.to_string());
        cause = error.source();
    }
    said
}

/// Whether the answer is a web page.
pub(super) fn is_web_page(response: &HttpResponse) -> bool {
    let kind = response.headers().get("content-type").unwrap_or_default();
    web_page(kind, response.body().bytes().unwrap_or_default()).is_some()
}

/// The title of a page in HTML, maybe empty; `None` if it is none.
fn web_page(content_type: &str, body: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(&body[..body.len().min(4_096)]).into_owned();
    let lower = start.to_ascii_lowercase();
    let head = lower.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let looks_like_one = ["<!doctype html", "<html"].iter().any(|tag| head.starts_with(tag))
        || (head.starts_with('<') && lower.contains("<html"));
    if !looks_like_one && !content_type.to_ascii_lowercase().starts_with("text/html") {
        return None;
    }
    let title = lower.find("<title").and_then(|at| {
        let open = at + lower[at..].find('>')? + 1;
        let close = open + lower[open..].find('<')?;
        start.get(open..close)
    });
    let title = plain(title.unwrap_or_default().trim());
    let mut shown: String = title.chars().take(TITLE).collect();
    if title.chars().count() > TITLE {
        shown.push('…');
    }
    Some(shown)
}

/// The host of an address: the rest may hold what is nobody's business.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    (!host.is_empty() && host.len() <= 100 && host.chars().all(is_plain)).then(|| host.to_owned())
}

/// What one of our own interceptors says of an answer.
fn own_words(error: &dyn Error) -> Option<String> {
    let text = causes(error).join(": ");
    let (_, own) = text.rsplit_once(OWN_WORDS)?;
    let own = own.split(": ").next()?;
    own.starts_with("the answer").then(|| own.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn said(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> String {
        let mut response = HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        describe(&std::fmt::Error, &response)
    }

    #[test]
    fn a_web_page_is_called_one_whatever_its_status_and_type() {
        for (status, kind, body) in [
            (200, "text/html; charset=utf-8", "<p>Sign in</p>"),
            (200, "application/json", "\u{feff}\n <!DOCTYPE HTML><html><title>Sign in</title>"),
            (403, "text/plain", "<?xml version=\"1.0\"?><HTML><body>Blocked</body></HTML>"),
            (503, "text/html", ""),
        ] {
            let said = said(status, &[("content-type", kind)], body);
            assert!(said.starts_with("received a web page") && said.contains(&status.to_string()), "{said}");
        }
        let titled = said(200, &[], "<html><head><title>\u{1b}[31mHotel  WLAN</title>");
        assert!(titled.contains("Hotel") && !titled.contains('\u{1b}'), "{titled}");
    }

    #[test]
    fn a_redirection_names_its_host_alone() {
        let said = said(302, &[("location", "https://user:hunter2@login.example.com/start?token=hunter2")], "");
        assert!(said.contains("redirected to login.example.com") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn what_is_empty_or_garbled_is_called_so() {
        assert!(said(200, &[], "").contains("empty"));
        assert!(said(200, &[], "{\"item\":[").contains("cut off or garbled"));
        assert!(said(403, &[], "nothing").contains("HTTP status 403"));
        assert!(said(407, &[], "").contains("proxy"));
        // AWS's XML is no web page.
        assert!(!said(200, &[("content-type", "text/xml")], "<DescribeRegionsResponse/>").contains("web page"));
    }
}
