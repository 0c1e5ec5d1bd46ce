use super::*;

fn scopes() -> Vec<String> {
    ["https://www.googleapis.com/auth/gmail.readonly", "email", "https://example.com/auth/other"]
        .map(str::to_owned)
        .into()
}

fn notices(scopes: &[String]) -> [Notice<'_>; 9] {
    [
        Notice::Connected { email: Some("ada@example.com") },
        Notice::Declined,
        Notice::PermissionMissing { scopes },
        Notice::LinkExpired,
        Notice::AuthorizationFailed { google_error: Some("server_error") },
        Notice::InvalidRequest,
        Notice::GoogleTrouble,
        Notice::Unavailable,
        Notice::Misconfigured,
    ]
}

fn body(language: Language, notice: Notice<'_>, restart: Option<&str>) -> String {
    Page { language, notice, restart }.into_response(200, "ok").body
}

#[test]
fn every_notice_renders_in_every_language() {
    for language in Language::ALL {
        for notice in notices(&scopes()) {
            let wording = language.wording();
            let html = body(language, notice, Some("/authorize"));
            let root = format!(r#"<html lang="{}" dir="{}">"#, language.code(), language.direction());
            assert!(html.starts_with("<!doctype html>"), "{html}");
            assert!(html.contains(&root), "{html}");
            assert!(html.contains(&format!(r#"<main id="notice" data-notice="{}""#, notice.name())), "{html}");
            assert!(html.contains(&format!("<title>{}</title>", wording.heading(notice))), "{html}");
            assert!(html.contains(&format!("<h1>{}</h1>", wording.heading(notice))), "{html}");
            assert!(html.contains(&format!("<p>{}</p>", wording.message(notice))), "{html}");
            assert!(html.contains(&format!(r#"<a id="restart" href="/authorize">{}</a>"#, wording.action(notice))));
        }
    }
}

#[test]
fn every_notice_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = notices(&[]).map(Notice::name).into();
    assert_eq!(names.len(), 9);
}

#[test]
fn no_text_is_left_in_another_language() {
    let hebrew = |text: &str| text.contains(|character| ('\u{5d0}'..='\u{5ea}').contains(&character));
    for notice in notices(&[]) {
        let texts = Language::ALL.map(|language| {
            let wording = language.wording();
            [wording.heading(notice), wording.message(notice), wording.action(notice)]
        });
        let [english, german, in_hebrew] = texts;
        for index in 0..3 {
            assert_ne!(english[index], german[index]);
            assert!(!hebrew(english[index]) && !hebrew(german[index]));
            assert!(hebrew(in_hebrew[index]));
        }
    }
}

#[test]
fn the_connected_page_isolates_the_address() {
    let html = body(Language::Hebrew, Notice::Connected { email: Some("ada@example.com") }, None);
    assert!(html.contains(r#"<p id="account"><bdi translate="no">ada@example.com</bdi></p>"#), "{html}");
    let html = body(Language::Hebrew, Notice::Connected { email: None }, None);
    assert!(!html.contains(r#"id="account""#), "{html}");
}

#[test]
fn missing_permissions_stand_in_plain_words_and_unknown_ones_as_they_are() {
    let html = body(Language::English, Notice::PermissionMissing { scopes: &scopes() }, None);
    assert!(html.contains("<li>Read your messages and settings in Gmail</li>"), "{html}");
    assert!(html.contains("<li>See your e-mail address</li>"), "{html}");
    assert!(html.contains("<li><bdi><code>https://example.com/auth/other</code></bdi></li>"), "{html}");
    assert!(!body(Language::English, Notice::PermissionMissing { scopes: &[] }, None).contains("<ul"));
}

#[test]
fn every_scope_that_google_offers_for_gmail_has_its_own_words() {
    let gmail =
        ["readonly", "modify", "metadata", "send", "compose", "insert", "labels", "settings.basic", "settings.sharing"];
    let scopes = gmail.map(|name| format!("https://www.googleapis.com/auth/gmail.{name}")).into_iter();
    let others = ["https://mail.google.com/", "email", "profile", "openid"].map(str::to_owned);
    for language in Language::ALL {
        let words: std::collections::BTreeSet<_> = scopes
            .clone()
            .chain(others.clone())
            .map(|scope| language.wording().permission(Permission::of(&scope).expect(&scope)))
            .collect();
        assert_eq!(words.len(), 13);
    }
    assert_eq!(Permission::of("https://www.googleapis.com/auth/userinfo.email"), Some(Permission::Email));
    assert_eq!(Permission::of("https://www.googleapis.com/auth/userinfo.profile"), Some(Permission::Profile));
}

#[test]
fn texts_of_others_are_escaped() {
    let attack = r#""><script>alert('x')</script>&amp;"#;
    let scopes = [attack.to_owned()];
    let attacked = [
        Notice::Connected { email: Some(attack) },
        Notice::PermissionMissing { scopes: &scopes },
        Notice::AuthorizationFailed { google_error: Some(attack) },
    ];
    for notice in attacked {
        let html = body(Language::English, notice, None);
        let escaped = "&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;amp;";
        assert!(html.contains(escaped) && !html.contains("<script"), "{html}");
    }
}

#[test]
fn the_href_of_the_button_is_escaped() {
    let html = body(Language::English, Notice::Declined, Some(r#"/authorize?state="><script>&login_hint='a'"#));
    let href = "/authorize?state=&#34;&#62;&#60;script&#62;&#38;login_hint=&#39;a&#39;";
    assert!(html.contains(&format!(r#"<a id="restart" href="{href}">"#)), "{html}");
}

#[test]
fn without_a_navigable_address_there_is_no_button() {
    for restart in [None, Some("javascript:alert(1)"), Some("//evil.example"), Some("")] {
        assert!(!body(Language::English, Notice::Declined, restart).contains("<a "), "{restart:?}");
    }
    let html = body(Language::English, Notice::Declined, Some("https://app.example/"));
    assert!(html.contains(r#"href="https://app.example/""#), "{html}");
}

#[test]
fn the_content_security_policy_allows_this_style_and_nothing_else() {
    let response =
        Page { language: Language::German, notice: Notice::Declined, restart: None }.into_response(403, "ok");
    let style = response.body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(response.headers["content-security-policy"], policy);
    for word in ["<script", "style=", "<link", "<img", "<form", "http:", "https:"] {
        assert!(!response.body.contains(word), "{word}");
    }
}

#[test]
fn a_page_carries_its_status_outcome_and_headers() {
    let page = Page { language: Language::Hebrew, notice: Notice::Declined, restart: None };
    let response = page.into_response(403, "access_denied");
    assert_eq!((response.status_code, response.outcome), (403, "access_denied"));
    let expected = [
        ("cache-control", "no-store"),
        ("content-language", "he"),
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("vary", "Accept, Accept-Language"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in expected {
        assert_eq!(response.headers[name], value, "{name}");
    }
    assert!(response.cookies.is_empty());
}
