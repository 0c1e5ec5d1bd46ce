//! What the page says, in each of its languages.

use super::{disconnect::LEFT_AT_GOOGLE, language::Language};

/// What came of an attempt, as far as people need to tell it apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    Declined,
    Expired,
    MissingPermission,
    AccessEnded,
    NotConnected,
    TooMuch,
    Policy,
    Unreachable,
    Misconfigured,
    LeftAtGoogle,
    Unknown,
}

impl Reason {
    /// What the `code` of a problem means.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "access_denied" => Self::Declined,
            "invalid_state" | "code_rejected" => Self::Expired,
            "insufficient_scope" => Self::MissingPermission,
            "reauthorization_required" => Self::AccessEnded,
            "connection_not_found" => Self::NotConnected,
            "rate_limited" | "quota_exhausted" => Self::TooMuch,
            "blocked_by_policy" => Self::Policy,
            "google_unavailable" | "unavailable" => Self::Unreachable,
            "misconfigured" => Self::Misconfigured,
            LEFT_AT_GOOGLE => Self::LeftAtGoogle,
            _ => Self::Unknown,
        }
    }
}

/// The page's words in one language.
pub(super) struct Texts {
    pub(super) language: &'static str,
    pub(super) direction: &'static str,
    pub(super) title: &'static str,
    pub(super) introduction: &'static str,
    pub(super) connect: &'static str,
    pub(super) connect_again: &'static str,
    pub(super) try_again: &'static str,
    pub(super) connection: &'static str,
    pub(super) account: &'static str,
    pub(super) status: &'static str,
    pub(super) active: &'static str,
    pub(super) revoked: &'static str,
    pub(super) since: &'static str,
    pub(super) disconnect: &'static str,
    pub(super) messages: &'static str,
    pub(super) no_messages: &'static str,
    pub(super) next_page: &'static str,
    pub(super) another_account: &'static str,
    pub(super) no_subject: &'static str,
    pub(super) unreadable: &'static str,
    pub(super) sentence: fn(Reason) -> &'static str,
}

impl Texts {
    /// The words of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::Hebrew => &HEBREW,
        }
    }
}

const ENGLISH: Texts = Texts {
    language: "en",
    direction: "ltr",
    title: "Gmail Connect",
    introduction: "Connect a Gmail account, and its messages show here.",
    connect: "Connect Gmail",
    connect_again: "Connect Gmail again",
    try_again: "Try again",
    connection: "Connection",
    account: "Account",
    status: "Status",
    active: "Connected",
    revoked: "Access has ended",
    since: "Connected since",
    disconnect: "Disconnect",
    messages: "Messages",
    no_messages: "There are no messages in this mailbox.",
    next_page: "Older messages",
    another_account: "Use another account",
    no_subject: "(no subject)",
    unreadable: "This message could not be read.",
    sentence: |reason| match reason {
        Reason::Declined => "Access was not granted, so nothing was connected.",
        Reason::Expired => "This attempt has expired or was used already. Please start again.",
        Reason::MissingPermission => {
            "A permission is missing. Please connect again and leave every box on Google’s page ticked."
        }
        Reason::AccessEnded => "Google no longer gives access to this account. Please connect it again.",
        Reason::NotConnected => "This account is not connected. Please connect it.",
        Reason::TooMuch => "Gmail asks for a pause. Please try again in a minute.",
        Reason::Policy => "The account’s administrator does not allow access.",
        Reason::Unreachable => "A service does not answer at the moment. Please try again shortly.",
        Reason::Misconfigured => "This application is not set up correctly. Its log says what to change.",
        Reason::LeftAtGoogle => {
            "The account is disconnected here, but Google could not be reached. Please remove the access in your Google Account too."
        }
        Reason::Unknown => "That did not work. Please try again.",
    },
};

const GERMAN: Texts = Texts {
    language: "de",
    direction: "ltr",
    title: "Gmail Connect",
    introduction: "Verbinde ein Gmail-Konto, und seine Nachrichten erscheinen hier.",
    connect: "Gmail verbinden",
    connect_again: "Gmail erneut verbinden",
    try_again: "Noch einmal versuchen",
    connection: "Verbindung",
    account: "Konto",
    status: "Status",
    active: "Verbunden",
    revoked: "Zugriff beendet",
    since: "Verbunden seit",
    disconnect: "Verbindung trennen",
    messages: "Nachrichten",
    no_messages: "In diesem Postfach sind keine Nachrichten.",
    next_page: "Ältere Nachrichten",
    another_account: "Anderes Konto verwenden",
    no_subject: "(kein Betreff)",
    unreadable: "Diese Nachricht konnte nicht gelesen werden.",
    sentence: |reason| match reason {
        Reason::Declined => "Der Zugriff wurde nicht erlaubt, daher ist nichts verbunden.",
        Reason::Expired => "Dieser Versuch ist abgelaufen oder wurde schon benutzt. Bitte beginne von vorn.",
        Reason::MissingPermission => {
            "Eine Berechtigung fehlt. Bitte verbinde erneut und lass auf Googles Seite jedes Häkchen gesetzt."
        }
        Reason::AccessEnded => "Google gewährt keinen Zugriff mehr auf dieses Konto. Bitte verbinde es erneut.",
        Reason::NotConnected => "Dieses Konto ist nicht verbunden. Bitte verbinde es.",
        Reason::TooMuch => "Gmail bittet um eine Pause. Bitte versuche es in einer Minute noch einmal.",
        Reason::Policy => "Die Verwaltung dieses Kontos erlaubt den Zugriff nicht.",
        Reason::Unreachable => "Ein Dienst antwortet gerade nicht. Bitte versuche es gleich noch einmal.",
        Reason::Misconfigured => {
            "Diese Anwendung ist nicht richtig eingerichtet. Ihr Protokoll sagt, was zu ändern ist."
        }
        Reason::LeftAtGoogle => {
            "Das Konto ist hier getrennt, aber Google war nicht zu erreichen. Bitte entferne den Zugriff auch in deinem Google-Konto."
        }
        Reason::Unknown => "Das hat nicht geklappt. Bitte versuche es noch einmal.",
    },
};

const HEBREW: Texts = Texts {
    language: "he",
    direction: "rtl",
    title: "Gmail Connect",
    introduction: "חברו חשבון Gmail, וההודעות שלו יופיעו כאן.",
    connect: "חיבור Gmail",
    connect_again: "חיבור Gmail מחדש",
    try_again: "ניסיון נוסף",
    connection: "חיבור",
    account: "חשבון",
    status: "מצב",
    active: "מחובר",
    revoked: "הגישה הסתיימה",
    since: "מחובר מאז",
    disconnect: "ניתוק החשבון",
    messages: "הודעות",
    no_messages: "אין הודעות בתיבה הזאת.",
    next_page: "הודעות ישנות יותר",
    another_account: "שימוש בחשבון אחר",
    no_subject: "(ללא נושא)",
    unreadable: "לא ניתן היה לקרוא את ההודעה הזאת.",
    sentence: |reason| match reason {
        Reason::Declined => "הגישה לא אושרה, ולכן שום חשבון לא חובר.",
        Reason::Expired => "פג תוקפו של הניסיון הזה, או שכבר נעשה בו שימוש. אפשר להתחיל מחדש.",
        Reason::MissingPermission => "חסרה הרשאה. יש לחבר מחדש ולהשאיר את כל התיבות בדף של Google מסומנות.",
        Reason::AccessEnded => "‏Google אינה מאפשרת עוד גישה לחשבון הזה. יש לחבר אותו מחדש.",
        Reason::NotConnected => "החשבון הזה אינו מחובר. אפשר לחבר אותו.",
        Reason::TooMuch => "‏Gmail מבקש הפסקה. אפשר לנסות שוב בעוד דקה.",
        Reason::Policy => "מנהל המערכת של החשבון אינו מאפשר גישה.",
        Reason::Unreachable => "אחד השירותים אינו עונה כרגע. אפשר לנסות שוב בעוד רגע.",
        Reason::Misconfigured => "היישום אינו מוגדר כראוי. ביומן שלו כתוב מה לשנות.",
        Reason::LeftAtGoogle => {
            "החשבון נותק כאן, אבל לא ניתן היה להגיע אל Google. יש להסיר את הגישה גם בחשבון Google שלך."
        }
        Reason::Unknown => "הפעולה לא הצליחה. אפשר לנסות שוב.",
    },
};
