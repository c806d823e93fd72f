"""What people and machines do with Nodback: one module per verb, plain functions, dependencies by keyword."""
