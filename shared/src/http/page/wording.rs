//! What a language has to have words for.

use super::{Language, Notice, Permission, english::English, german::German, hebrew::Hebrew};

/// The texts of the pages in one language. Every table is a `match` without a wildcard: a text that was forgotten
/// does not compile.
pub(super) trait Wording: Sync {
    /// What happened, in a few words.
    fn heading(&self, notice: Notice<'_>) -> &'static str;
    /// What that means, and what to do.
    fn message(&self, notice: Notice<'_>) -> &'static str;
    /// What the button says.
    fn action(&self, notice: Notice<'_>) -> &'static str;
    /// What a permission allows.
    fn permission(&self, permission: Permission) -> &'static str;
    /// Stands before the list of missing permissions.
    fn missing(&self) -> &'static str;
    /// Stands before Google's error code.
    fn google_answered(&self) -> &'static str;
}

impl Language {
    /// The texts in this language.
    pub(super) fn wording(self) -> &'static dyn Wording {
        match self {
            Self::English => &English,
            Self::German => &German,
            Self::Hebrew => &Hebrew,
        }
    }
}
