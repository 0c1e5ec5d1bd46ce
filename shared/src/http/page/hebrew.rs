//! The pages in Hebrew; the wording avoids forms that would address only men or only women.

use super::{Notice, Permission, wording::Wording};

pub(super) struct Hebrew;

impl Wording for Hebrew {
    fn heading(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "חשבון Gmail מחובר",
            Notice::Declined => "חשבון Gmail לא חובר",
            Notice::PermissionMissing { .. } => "חסרה הרשאה",
            Notice::LinkExpired => "הניסיון הזה כבר לא בתוקף",
            Notice::AuthorizationFailed { .. } => "Google לא אישרה את החיבור",
            Notice::InvalidRequest => "הכתובת אינה תקינה",
            Notice::GoogleTrouble => "משהו השתבש אצל Google",
            Notice::Unavailable => "השירות אינו זמין כרגע",
            Notice::Misconfigured => "השירות אינו מוגדר כראוי",
        }
    }

    fn message(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => {
                "מעכשיו האפליקציה יכולה להשתמש בתיבת הדואר שלך, גם כשאינך כאן. אפשר להפסיק זאת בכל עת בהגדרות של \
                 חשבון Google. אפשר לסגור את הדף הזה."
            }
            Notice::Declined => "הגישה לא אושרה, ולכן דבר לא השתנה. אם בכל זאת רוצים לחבר את החשבון, אפשר לנסות שוב.",
            Notice::PermissionMissing { .. } => {
                "האפליקציה זקוקה לכל ההרשאות שביקשה. יש לנסות שוב ולסמן את כל התיבות בדף של Google."
            }
            Notice::LinkExpired => {
                "עברו יותר מעשר דקות, או שכבר נעשה בו שימוש, או שהוא התחיל בדפדפן אחר. דבר לא אבד: אפשר פשוט להתחיל מחדש."
            }
            Notice::AuthorizationFailed { .. } => {
                "Google עצרה את התהליך לפני שניתנה גישה. כדאי לנסות שוב. אם זה חוזר על עצמו, כדאי לפנות למי שמנהל את \
                 חשבון Google שלך."
            }
            Notice::InvalidRequest => "חלק מכתובת הדף חסר או השתנה, אולי בזמן ההעתקה. יש להתחיל מחדש.",
            Notice::GoogleTrouble => {
                "התשובה של Google לא הייתה כמצופה. בדרך כלל זה מסתדר מעצמו: כדאי לנסות שוב בעוד כמה דקות."
            }
            Notice::Unavailable => {
                "לא הצלחנו להשלים את החיבור. דבר לא אבד: אפשר להתחיל מחדש בעוד רגע. ייתכן ש־Google תבקש את אישורך פעם \
                 נוספת."
            }
            Notice::Misconfigured => {
                "אין מה לעשות בעניין מכאן. כדאי להודיע למי שמפעיל את האפליקציה, כי רק שם אפשר לתקן זאת."
            }
        }
    }

    fn action(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "המשך",
            Notice::LinkExpired | Notice::InvalidRequest | Notice::Unavailable => "התחלה מחדש",
            Notice::Declined
            | Notice::PermissionMissing { .. }
            | Notice::AuthorizationFailed { .. }
            | Notice::GoogleTrouble
            | Notice::Misconfigured => "ניסיון נוסף",
        }
    }

    fn permission(&self, permission: Permission) -> &'static str {
        match permission {
            Permission::AllMail => "קריאה, כתיבה, שליחה ומחיקה לצמיתות של כל ההודעות",
            Permission::ReadMail => "קריאת ההודעות וההגדרות ב־Gmail",
            Permission::ChangeMail => "קריאה, כתיבה, שליחה וסידור של הודעות",
            Permission::ReadMetadata => "הצגת הנושאים, השולחים והתוויות של ההודעות, בלי התוכן שלהן",
            Permission::SendMail => "שליחת הודעות בשמך",
            Permission::ComposeMail => "ניהול טיוטות ושליחת הודעות",
            Permission::InsertMail => "הוספת הודעות לתיבת הדואר",
            Permission::EditLabels => "הצגה ושינוי של התוויות",
            Permission::EditSettings => "הצגה ושינוי של ההגדרות והמסננים ב־Gmail",
            Permission::EditSharing => "שינוי הגדרות רגישות, כמו מי רשאי לנהל את הדואר",
            Permission::Email => "הצגת כתובת האימייל שלך",
            Permission::Profile => "הצגת השם והתמונה שלך",
            Permission::OpenId => "זיהוי שלך לפי חשבון Google",
        }
    }

    fn missing(&self) -> &'static str {
        "זה מה שחסר:"
    }

    fn google_answered(&self) -> &'static str {
        "התשובה של Google:"
    }
}
