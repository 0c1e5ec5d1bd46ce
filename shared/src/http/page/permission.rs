//! What a person allows by granting a scope.

/// A permission that we have words for, as the consent page offers it
/// ([OAuth 2.0 scopes for Google APIs](https://developers.google.com/identity/protocols/oauth2/scopes)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Permission {
    /// `https://mail.google.com/`
    AllMail,
    /// `gmail.readonly`
    ReadMail,
    /// `gmail.modify`
    ChangeMail,
    /// `gmail.metadata`
    ReadMetadata,
    /// `gmail.send`
    SendMail,
    /// `gmail.compose`
    ComposeMail,
    /// `gmail.insert`
    InsertMail,
    /// `gmail.labels`
    EditLabels,
    /// `gmail.settings.basic`
    EditSettings,
    /// `gmail.settings.sharing`
    EditSharing,
    /// `email`
    Email,
    /// `profile`
    Profile,
    /// `openid`
    OpenId,
}

impl Permission {
    /// The permission that a scope stands for; `None` if we have no words for it.
    pub(super) fn of(scope: &str) -> Option<Self> {
        Some(match scope.strip_prefix("https://www.googleapis.com/auth/").unwrap_or(scope) {
            "https://mail.google.com/" => Self::AllMail,
            "gmail.readonly" => Self::ReadMail,
            "gmail.modify" => Self::ChangeMail,
            "gmail.metadata" => Self::ReadMetadata,
            "gmail.send" => Self::SendMail,
            "gmail.compose" => Self::ComposeMail,
            "gmail.insert" => Self::InsertMail,
            "gmail.labels" => Self::EditLabels,
            "gmail.settings.basic" => Self::EditSettings,
            "gmail.settings.sharing" => Self::EditSharing,
            "email" | "userinfo.email" => Self::Email,
            "profile" | "userinfo.profile" => Self::Profile,
            "openid" => Self::OpenId,
            _ => return None,
        })
    }
}
