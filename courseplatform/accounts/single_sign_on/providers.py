"""What is set about a provider of single sign-on. The settings make these, so nothing here needs Django."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Oidc:
    """A provider of OpenID Connect. `vouches`: it stands for the addresses of its people, also where a token does not say so."""

    issuer: str
    client_id: str
    secret: str
    name: str
    scopes: tuple[str, ...]
    vouches: bool

    def __repr__(self) -> str:
        return f"Oidc({self.issuer})"


@dataclass(frozen=True)
class Saml:
    """An identity provider of SAML 2.0.

    Attributes:
        entity_id: the provider's. sso_url: where its sign-in begins. certificates: PEM, of which one has signed.
        subject, email: names of the attributes that hold what never changes about a person, and the address.
    """

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]
    name: str
    subject: str
    email: str
