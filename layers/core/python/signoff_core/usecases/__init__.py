"""What people and machines do with Signoff: one module per verb, plain functions, dependencies by keyword."""
