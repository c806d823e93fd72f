"""What people and machines do with Nodback: plain functions, which get their dependencies by keyword."""
