//! The pages in German.

use super::{Notice, Permission, wording::Wording};

pub(super) struct German;

impl Wording for German {
    fn heading(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "Gmail ist verbunden",
            Notice::Declined => "Gmail wurde nicht verbunden",
            Notice::PermissionMissing { .. } => "Eine Berechtigung fehlt",
            Notice::LinkExpired => "Dieser Versuch ist nicht mehr gültig",
            Notice::AuthorizationFailed { .. } => "Google hat die Verbindung nicht zugelassen",
            Notice::InvalidRequest => "Diese Adresse ist beschädigt",
            Notice::GoogleTrouble => "Bei Google ging etwas schief",
            Notice::Unavailable => "Gerade nicht verfügbar",
            Notice::Misconfigured => "Dieser Dienst ist nicht richtig eingerichtet",
        }
    }

    fn message(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => {
                "Die Anwendung kann Ihr Postfach jetzt nutzen, auch wenn Sie nicht da sind. In den Einstellungen Ihres \
                 Google-Kontos können Sie das jederzeit beenden. Sie können diese Seite schließen."
            }
            Notice::Declined => {
                "Sie haben den Zugriff nicht erlaubt, es hat sich also nichts geändert. Wenn Sie Gmail doch verbinden \
                 möchten, versuchen Sie es noch einmal."
            }
            Notice::PermissionMissing { .. } => {
                "Die Anwendung braucht alle Berechtigungen, um die sie gebeten hat. Bitte versuchen Sie es noch \
                 einmal und setzen Sie auf der Seite von Google jedes Häkchen."
            }
            Notice::LinkExpired => {
                "Er hat länger als zehn Minuten gedauert, wurde schon benutzt oder in einem anderen Browser begonnen. \
                 Es ist nichts verloren: Fangen Sie einfach neu an."
            }
            Notice::AuthorizationFailed { .. } => {
                "Google hat abgebrochen, bevor der Zugriff erteilt war. Bitte versuchen Sie es noch einmal. Wenn das \
                 wieder geschieht, fragen Sie, wer Ihr Google-Konto verwaltet."
            }
            Notice::InvalidRequest => {
                "Ein Teil der Adresse dieser Seite fehlt oder wurde verändert, vielleicht beim Kopieren. Bitte fangen \
                 Sie neu an."
            }
            Notice::GoogleTrouble => {
                "Google hat nicht so geantwortet, wie es sollte. Meist vergeht das von selbst: Bitte versuchen Sie es \
                 in ein paar Minuten noch einmal."
            }
            Notice::Unavailable => {
                "Wir konnten die Verbindung nicht fertigstellen. Es ist nichts verloren: Fangen Sie gleich noch \
                 einmal an. Vielleicht fragt Google dabei erneut nach Ihrer Zustimmung."
            }
            Notice::Misconfigured => {
                "Sie selbst können hier nichts tun. Bitte sagen Sie denen Bescheid, die die Anwendung betreiben: Nur \
                 sie können es beheben."
            }
        }
    }

    fn action(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "Weiter",
            Notice::LinkExpired | Notice::InvalidRequest | Notice::Unavailable => "Neu anfangen",
            Notice::Declined
            | Notice::PermissionMissing { .. }
            | Notice::AuthorizationFailed { .. }
            | Notice::GoogleTrouble
            | Notice::Misconfigured => "Noch einmal versuchen",
        }
    }

    fn permission(&self, permission: Permission) -> &'static str {
        match permission {
            Permission::AllMail => "Alle E-Mails lesen, schreiben, senden und endgültig löschen",
            Permission::ReadMail => "Ihre E-Mails und Einstellungen in Gmail lesen",
            Permission::ChangeMail => "Ihre E-Mails lesen, schreiben, senden und ordnen",
            Permission::ReadMetadata => "Betreff, Absender und Labels Ihrer E-Mails sehen, nicht aber ihren Inhalt",
            Permission::SendMail => "E-Mails in Ihrem Namen senden",
            Permission::ComposeMail => "Entwürfe verwalten und E-Mails senden",
            Permission::InsertMail => "E-Mails in Ihr Postfach einfügen",
            Permission::EditLabels => "Ihre Labels sehen und ändern",
            Permission::EditSettings => "Ihre Einstellungen und Filter in Gmail sehen und ändern",
            Permission::EditSharing => "Heikle Einstellungen ändern, etwa wer Ihre E-Mails verwalten darf",
            Permission::Email => "Ihre E-Mail-Adresse sehen",
            Permission::Profile => "Ihren Namen und Ihr Bild sehen",
            Permission::OpenId => "Sie an Ihrem Google-Konto erkennen",
        }
    }

    fn missing(&self) -> &'static str {
        "Das fehlte:"
    }

    fn google_answered(&self) -> &'static str {
        "Antwort von Google:"
    }
}
