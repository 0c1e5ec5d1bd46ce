//! The pages in English.

use super::{Notice, Permission, wording::Wording};

pub(super) struct English;

impl Wording for English {
    fn heading(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "Gmail is connected",
            Notice::Declined => "Gmail was not connected",
            Notice::PermissionMissing { .. } => "A permission is missing",
            Notice::LinkExpired => "This attempt is no longer valid",
            Notice::AuthorizationFailed { .. } => "Google did not allow the connection",
            Notice::InvalidRequest => "This address is damaged",
            Notice::GoogleTrouble => "Something went wrong at Google",
            Notice::Unavailable => "Not available just now",
            Notice::Misconfigured => "This service is not set up correctly",
        }
    }

    fn message(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => {
                "The application can now use your mailbox, also while you are away. You can end this at any time in \
                 the settings of your Google Account. You may close this page."
            }
            Notice::Declined => {
                "You did not allow access, so nothing has changed. If you would like to connect after all, try again."
            }
            Notice::PermissionMissing { .. } => {
                "The application needs every permission it asked for. Please try again, and tick all the boxes on \
                 Google’s page."
            }
            Notice::LinkExpired => {
                "It took longer than ten minutes, has already been used, or began in another browser. Nothing is \
                 lost: simply start again."
            }
            Notice::AuthorizationFailed { .. } => {
                "Google stopped before access was given. Please try again. If this keeps happening, ask whoever \
                 manages your Google Account."
            }
            Notice::InvalidRequest => {
                "Part of this page’s address is missing or was changed, perhaps while it was copied. Please start \
                 again."
            }
            Notice::GoogleTrouble => {
                "Google did not answer as it should. This usually passes by itself: please try again in a few minutes."
            }
            Notice::Unavailable => {
                "We could not finish the connection. Nothing is lost: start again in a moment. Google may ask for \
                 your consent once more."
            }
            Notice::Misconfigured => {
                "There is nothing you can do about it here. Please tell the people who run the application: only \
                 they can put it right."
            }
        }
    }

    fn action(&self, notice: Notice<'_>) -> &'static str {
        match notice {
            Notice::Connected { .. } => "Continue",
            Notice::LinkExpired | Notice::InvalidRequest | Notice::Unavailable => "Start again",
            Notice::Declined
            | Notice::PermissionMissing { .. }
            | Notice::AuthorizationFailed { .. }
            | Notice::GoogleTrouble
            | Notice::Misconfigured => "Try again",
        }
    }

    fn permission(&self, permission: Permission) -> &'static str {
        match permission {
            Permission::AllMail => "Read, write, send and permanently delete all your mail",
            Permission::ReadMail => "Read your messages and settings in Gmail",
            Permission::ChangeMail => "Read, write, send and organise your mail",
            Permission::ReadMetadata => "See subjects, senders and labels of your messages, but not what they say",
            Permission::SendMail => "Send messages in your name",
            Permission::ComposeMail => "Manage drafts and send messages",
            Permission::InsertMail => "Add messages to your mailbox",
            Permission::EditLabels => "See and change your labels",
            Permission::EditSettings => "See and change your settings and filters in Gmail",
            Permission::EditSharing => "Change sensitive settings, such as who may manage your mail",
            Permission::Email => "See your e-mail address",
            Permission::Profile => "See your name and picture",
            Permission::OpenId => "Know you by your Google Account",
        }
    }

    fn missing(&self) -> &'static str {
        "This was left out:"
    }

    fn google_answered(&self) -> &'static str {
        "Google’s answer:"
    }
}
