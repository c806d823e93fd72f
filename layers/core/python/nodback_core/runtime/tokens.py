"""The tokens of people: the mailed link, its code, and the cookie of a session; each good for its purpose alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nodback_core.domain.people.sessions import SESSION_IDLE_HOURS, Session, SignIn, code_of
from nodback_core.domain.shared.key_ring import KeyRing, Purpose


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads them; `issuer` names this install."""

    issuer: str
    ring: KeyRing

    def link(self, sign_in: SignIn) -> str:
        """The token of the link that is mailed for an attempt."""
        from nodback_core.adapters.jwt_tokens import Token, issue

        token = Token(Purpose.LINK, sign_in.address, sign_in.sign_in_id, sign_in.asked_at, sign_in.expires_at)
        return issue(token, issuer=self.issuer, ring=self.ring)

    def read_link(self, text: str, *, now: datetime) -> tuple[str, str] | None:
        """The attempt and the address that a link names; None for what is no link of ours."""
        return self._read(text, Purpose.LINK, now)

    def session(self, session: Session, *, now: datetime) -> str:
        """The token of a session, for its cookie."""
        from nodback_core.adapters.jwt_tokens import Token, issue

        ends_at = min(session.ends_at, now + timedelta(hours=SESSION_IDLE_HOURS))
        return issue(
            Token(Purpose.SESSION, session.address, session.session_id, now, ends_at),
            issuer=self.issuer,
            ring=self.ring,
        )

    def read_session(self, text: str, *, now: datetime) -> tuple[str, str, datetime] | None:
        """The session and the address that a cookie names, and when it was issued."""
        from nodback_core.adapters.jwt_tokens import BadToken, read

        try:
            token = read(text, purpose=Purpose.SESSION, issuer=self.issuer, now=now, ring=self.ring)
        except BadToken:
            return None
        return token.token_id, token.subject, token.issued_at

    def code(self, sign_in_id: str) -> str:
        """The code of an attempt, from the current key: whoever types it while the key is changed asks again."""
        key = self.ring.key_for(Purpose.LINK)
        assert key is not None
        return code_of(key, sign_in_id)

    def _read(self, text: str, purpose: Purpose, now: datetime) -> tuple[str, str] | None:
        from nodback_core.adapters.jwt_tokens import BadToken, read

        try:
            token = read(text, purpose=purpose, issuer=self.issuer, now=now, ring=self.ring)
        except BadToken:
            return None
        return token.token_id, token.subject
