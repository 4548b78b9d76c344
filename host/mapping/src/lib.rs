//! Mappings and filters: expressions over records, bounded, and what they make of them.
