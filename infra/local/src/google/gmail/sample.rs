//! The text of the sample mail.

/// A sample: sender, subject, and the text below the greeting.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) subject: &'static str,
    pub(super) text: &'static str,
    /// The category label.
    pub(super) category: &'static str,
}

const PERSONAL: &str = "CATEGORY_PERSONAL";
const UPDATES: &str = "CATEGORY_UPDATES";
const PROMOTIONS: &str = "CATEGORY_PROMOTIONS";

const fn sample(
    [name, address]: [&'static str; 2],
    subject: &'static str,
    text: &'static str,
    category: &'static str,
) -> Sample {
    Sample { name, address, subject, text, category }
}

/// What the messages are made of.
pub(super) const SAMPLES: [Sample; 12] = [
    sample(
        ["Marta Novak", "marta.novak@example.org"],
        "Lunch on Thursday?",
        "Are you free around noon? The place by the river has tables outside again.",
        PERSONAL,
    ),
    sample(
        ["Bahn & Bus", "service@bahn.example"],
        "Ihre Buchungsbestätigung: Köln – München",
        "Vielen Dank für Ihre Buchung. Ihre Fahrkarte für zwei Personen finden Sie im Anhang. Gute Reise!",
        UPDATES,
    ),
    sample(
        ["יעל לוי", "yael.levi@example.co.il"],
        "תמונות מהטיול בגליל",
        "צירפתי את התמונות מסוף השבוע. היה נהדר לראות את כולם!",
        PERSONAL,
    ),
    sample(
        ["Build Server", "builds@ci.example.com"],
        "Build 4711 passed in 3m 12s",
        "All 1,204 tests passed on main. Nothing for you to do.",
        UPDATES,
    ),
    sample(
        ["Curious Tester", "tester@security.example"],
        "<script>alert(\"hello\")</script> & <b>bold</b>",
        "If this subject does anything but stand there, somebody forgot to escape it. It's only text.",
        PERSONAL,
    ),
    sample(
        ["Accounting", "invoices@supplies.example"],
        "Invoice 2026-0815 is due",
        "Please find the invoice for last month's order. The amount is 128.40 €, payable within 14 days.",
        UPDATES,
    ),
    sample(
        ["Jörg Müller", "joerg.mueller@example.de"],
        "Rückfrage zum Übergabeprotokoll",
        "Könnten Sie mir bitte noch die Zählerstände schicken? Schöne Grüße aus Düsseldorf",
        PERSONAL,
    ),
    sample(
        ["Garden & Home", "news@garden.example"],
        "🌷 Spring sale: 20% off all bulbs",
        "Tulips, daffodils and crocuses: only this week, while stocks last.",
        PROMOTIONS,
    ),
    sample(
        ["חברת החשמל", "no-reply@electric.example.co.il"],
        "החשבון התקופתי שלך מוכן",
        "החשבון לחודשיים האחרונים עומד לרשותך באזור האישי.",
        UPDATES,
    ),
    sample(
        ["Calendar", "calendar@events.example.com"],
        "Reminder: dentist tomorrow at 8:30",
        "This is a reminder for your appointment. To move it, call the practice today.",
        UPDATES,
    ),
    sample(
        ["Book Club", "hello@bookclub.example.org"],
        "Our next book, \"The Left Hand of Darkness\"",
        "We meet on the first Monday. Whoever has read it brings a question, whoever has not brings cake.",
        PERSONAL,
    ),
    sample(["Unknown", "sender@nowhere.example"], "", "No subject, but a text.", PERSONAL),
];

/// What lies in spam.
pub(super) const SPAM: Sample = sample(
    ["You Won", "prize@winner.invalid"],
    "CONGRATULATIONS!!! You have won",
    "Send us your bank details and your prize is on its way.",
    PROMOTIONS,
);
