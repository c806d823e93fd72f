"""The pages for people: sign-in, inbox, review, history, analytics, settings; rendered on the server."""
