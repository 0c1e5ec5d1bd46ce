//! Orders that random histories seldom meet.
