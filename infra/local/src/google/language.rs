//! The languages of the pages, and which one a browser prefers.

/// The texts of the pages in one language.
pub(super) struct Texts {
    pub(super) code: &'static str,
    pub(super) direction: &'static str,
    pub(super) emulated: &'static str,
    pub(super) note: &'static str,
    pub(super) choose: &'static str,
    pub(super) to_continue_to: &'static str,
    pub(super) wants_access: &'static str,
    pub(super) select: &'static str,
    pub(super) identity: &'static str,
    pub(super) proceed: &'static str,
    pub(super) cancel: &'static str,
    pub(super) blocked: &'static str,
    pub(super) error: &'static str,
    pub(super) connections: &'static str,
    pub(super) no_connections: &'static str,
    pub(super) remove: &'static str,
    pub(super) more: &'static str,
    pub(super) sign_out: &'static str,
    pub(super) disable: &'static str,
    pub(super) enable: &'static str,
    pub(super) read: &'static str,
    pub(super) modify: &'static str,
    pub(super) metadata: &'static str,
    pub(super) send: &'static str,
}

impl Texts {
    /// What a scope allows, in words; the scope itself where there are none.
    pub(super) fn scope<'a>(&self, scope: &'a str) -> &'a str
    where
        Self: 'static,
    {
        match scope.rsplit('/').next() {
            Some("gmail.readonly") => self.read,
            Some("gmail.modify") => self.modify,
            Some("gmail.metadata") => self.metadata,
            Some("gmail.send") => self.send,
            _ => scope,
        }
    }
}

const ENGLISH: Texts = Texts {
    code: "en",
    direction: "ltr",
    emulated: "Emulated Google",
    note: "This is not Google. Accounts and mail are made up, and nothing leaves this machine.",
    choose: "Choose an account",
    to_continue_to: "to continue to",
    wants_access: "wants access to your Google Account",
    select: "Select what it may do:",
    identity: "It will also know who you are: your name, e-mail address and language.",
    proceed: "Continue",
    cancel: "Cancel",
    blocked: "Access blocked: the request of this app is invalid",
    error: "Error",
    connections: "Apps with access to your account",
    no_connections: "No app has access.",
    remove: "Remove access",
    more: "What else can happen to this account:",
    sign_out: "Sign out everywhere",
    disable: "Disable account",
    enable: "Enable account",
    read: "View your email messages and settings",
    modify: "Read, compose and send emails from your Gmail account",
    metadata: "View your email message metadata such as labels and headers, but not the email body",
    send: "Send email on your behalf",
};

const GERMAN: Texts = Texts {
    code: "de",
    direction: "ltr",
    emulated: "Emuliertes Google",
    note: "Das ist nicht Google. Konten und E-Mails sind erfunden, und nichts verlässt diesen Rechner.",
    choose: "Konto auswählen",
    to_continue_to: "weiter zu",
    wants_access: "möchte auf Ihr Google-Konto zugreifen",
    select: "Wählen Sie aus, was die App darf:",
    identity: "Sie erfährt außerdem, wer Sie sind: Name, E-Mail-Adresse und Sprache.",
    proceed: "Weiter",
    cancel: "Abbrechen",
    blocked: "Zugriff blockiert: Die Anfrage dieser App ist ungültig",
    error: "Fehler",
    connections: "Apps mit Zugriff auf Ihr Konto",
    no_connections: "Keine App hat Zugriff.",
    remove: "Zugriff entfernen",
    more: "Was diesem Konto sonst geschehen kann:",
    sign_out: "Überall abmelden",
    disable: "Konto deaktivieren",
    enable: "Konto aktivieren",
    read: "E-Mails und Einstellungen ansehen",
    modify: "E-Mails in Ihrem Gmail-Konto lesen, schreiben und senden",
    metadata: "Metadaten Ihrer E-Mails wie Labels und Kopfzeilen ansehen, nicht aber deren Text",
    send: "E-Mails in Ihrem Namen senden",
};

const HEBREW: Texts = Texts {
    code: "he",
    direction: "rtl",
    emulated: "Google מדומה",
    note: "זה לא Google. החשבונות והדואר מומצאים, ושום דבר לא יוצא מהמחשב הזה.",
    choose: "בחירת חשבון",
    to_continue_to: "כדי להמשיך אל",
    wants_access: "מבקשת גישה לחשבון Google שלך",
    select: "מה מותר לאפליקציה לעשות:",
    identity: "היא גם תדע מי אתם: השם, כתובת האימייל והשפה.",
    proceed: "המשך",
    cancel: "ביטול",
    blocked: "הגישה נחסמה: הבקשה של האפליקציה לא תקינה",
    error: "שגיאה",
    connections: "אפליקציות עם גישה לחשבון שלך",
    no_connections: "לאף אפליקציה אין גישה.",
    remove: "הסרת הגישה",
    more: "מה עוד יכול לקרות לחשבון הזה:",
    sign_out: "יציאה מכל המכשירים",
    disable: "השבתת החשבון",
    enable: "הפעלת החשבון",
    read: "הצגת הודעות האימייל וההגדרות שלך",
    modify: "קריאה, כתיבה ושליחה של אימיילים מחשבון Gmail שלך",
    metadata: "הצגת מטא-נתונים של האימיילים שלך, כמו תוויות וכותרות, אבל לא את תוכנם",
    send: "שליחת אימיילים בשמך",
};

/// The texts in the language that an `Accept-Language` header (RFC 9110 §12.5.4) prefers; English if we have none.
pub(super) fn preferred(header: &str) -> &'static Texts {
    let mut best = (&ENGLISH, 0.0);
    for choice in header.split(',') {
        let (tag, weight) = choice.split_once(';').unwrap_or((choice, "q=1"));
        let weight: f32 = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()).unwrap_or(1.0);
        if let Some(texts) = texts(tag.trim()).filter(|_| weight > best.1) {
            best = (texts, weight);
        }
    }
    best.0
}

fn texts(tag: &str) -> Option<&'static Texts> {
    match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "en" => Some(&ENGLISH),
        "de" => Some(&GERMAN),
        "he" | "iw" => Some(&HEBREW),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_we_have_wins() {
        assert_eq!(preferred("fr, he;q=0.8, de;q=0.9").code, "de");
        assert_eq!(preferred("he-IL").direction, "rtl");
        assert_eq!(preferred("").code, "en");
    }
}
