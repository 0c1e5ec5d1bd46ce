//! The browser, on a page of its own.

use std::{fs, net::Ipv4Addr};

use axum::{
    Router,
    http::{HeaderMap, header::ACCEPT_LANGUAGE},
    response::Html,
    routing::get,
};
use tests::browser::{Browser, Viewport};
use thirtyfour::By;
use tokio::net::TcpListener;

use super::{PATIENCE, gone, runs};

/// A page that shows the language it was asked for in, and writes to the console.
async fn page(headers: HeaderMap) -> Html<String> {
    let language = headers.get(ACCEPT_LANGUAGE).unwrap().to_str().unwrap();
    Html(format!(
        "<meta name=viewport content='width=device-width'><p>{language}</p><script>console.error('noted')</script>"
    ))
}

async fn serve() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(page))).await });
    format!("http://{address}/")
}

async fn size(browser: &Browser) -> (u32, u32) {
    let size = browser.driver().execute("return [innerWidth, innerHeight]", vec![]).await.unwrap();
    size.convert().unwrap()
}

#[tokio::test]
async fn a_page_is_asked_for_in_the_language_and_shown_on_a_phone() {
    let Some(browser) = Browser::start("he").await.unwrap() else { return };
    browser.driver().goto(serve().await).await.unwrap();
    let language = browser.driver().find(By::Css("p")).await.unwrap().text().await.unwrap();
    assert_eq!(language, "he");
    assert_eq!(size(&browser).await, (390, 844));
    let log = browser.driver().browser_log().await.unwrap();
    assert!(log.iter().any(|entry| entry.message.contains("noted")));

    let path = browser.screenshot("harness").await.unwrap();
    assert!(path.ends_with("screenshots/harness.png"));
    let picture = fs::read(path).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(picture[16..24], [390_u32.to_be_bytes(), 844_u32.to_be_bytes()].concat());
    browser.quit().await.unwrap();
}

#[tokio::test]
async fn a_browser_has_the_size_it_was_started_with() {
    let Some(browser) = Browser::start_sized("en", Viewport::LAPTOP).await.unwrap() else { return };
    browser.driver().goto(serve().await).await.unwrap();
    assert_eq!(size(&browser).await, (1280, 800));
}

#[tokio::test]
async fn dropping_a_browser_ends_its_processes() {
    let Some(browser) = Browser::start("en").await.unwrap() else { return };
    let chromium = browser.driver().capabilities().get("goog:processID").unwrap().to_string();
    assert!(runs(&chromium));
    drop(browser);
    tokio::time::timeout(PATIENCE, gone(&chromium)).await.unwrap();
}
