"""Canvas's gradebook export, read and given back filled in. No database. docs/gradebook-exports.md has the rules."""
