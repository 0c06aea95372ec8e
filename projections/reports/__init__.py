"""Reports for an operator: what runs out, what is held, what was corrected, and how it adds up."""
