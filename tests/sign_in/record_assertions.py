"""Makes the recorded assertions of SAML: `python -m tests.sign_in.record_assertions`, once, with keys of its own and a clock that stands still.

They are committed, so that what is believed does not depend on the signing of the day. The keys are thrown away; a new recording makes new ones.
"""

import base64
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

FOLDER = Path(__file__).parent / "assertions"
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
REQUEST, IDP = "ONELOGIN_recorded", "https://idp.example.edu/saml"
ACS, SP = "http://testserver/accounts/saml/take/", "http://testserver/accounts/saml/metadata/"
P, A, DS = (
    "{urn:oasis:names:tc:SAML:2.0:protocol}",
    "{urn:oasis:names:tc:SAML:2.0:assertion}",
    "{http://www.w3.org/2000/09/xmldsig#}",
)
EMAIL, SUBJECT = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oasis:names:tc:SAML:attribute:subject-id"

TEMPLATE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1"
 Version="2.0" IssueInstant="{now}" Destination="{acs}" InResponseTo="{request}"><saml:Issuer>{issuer}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_a1" Version="2.0"
 IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID
 Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{nameid}</saml:NameID><saml:SubjectConfirmation
 Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{recipient}"{confirms}/>
</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{begin}" NotOnOrAfter="{end}"><saml:AudienceRestriction>
<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}"
 SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>{context}</saml:AuthnContextClassRef></saml:AuthnContext>
</saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"""


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def attribute(name, value):
    kind = 'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"'
    return f'<saml:Attribute Name="{name}" {kind}><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'


def tree(**changes):
    facts = {
        "now": stamp(NOW), "begin": stamp(NOW - timedelta(minutes=5)), "end": stamp(NOW + timedelta(minutes=5)), "acs": ACS, "recipient": ACS,
        "audience": SP, "issuer": IDP, "request": REQUEST, "confirms": f' InResponseTo="{REQUEST}"', "nameid": "persistent-1",
        "context": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "attributes": attribute(EMAIL, "ruth@example.edu") + attribute(SUBJECT, "ruth-1@example.edu"),
    } | changes  # fmt: skip
    return etree.fromstring(TEMPLATE.format(**facts).encode())


def key_pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example.edu")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = (
        made.not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, made.public_bytes(pem)


def sign(node, private, method=xmlsec.Transform.RSA_SHA256, digest=xmlsec.Transform.SHA256):
    """Sign an assertion or a response, as providers do: enveloped, exclusive, after the issuer."""
    signature = xmlsec.template.create(node, xmlsec.Transform.EXCL_C14N, method, ns="ds")
    node.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, digest, uri=f"#{node.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.tree.add_ids(node, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(private, xmlsec.KeyFormat.PEM)
    context.sign(signature)
    return node


def good(private, **changes):
    root = tree(**changes)
    sign(root.find(f"{A}Assertion"), private)
    return root


def evil(assertion, identity="_evil", keep_signature=False):
    """A copy that speaks of somebody else."""
    copy = deepcopy(assertion)
    copy.set("ID", identity)
    for value in copy.iter(f"{A}AttributeValue"):
        value.text = value.text.replace("ruth", "helen")
    if not keep_signature:
        for signature in copy.findall(f"{DS}Signature"):
            copy.remove(signature)
    return copy


def wrapped(private, how):
    """The eight ways of moving a signed part aside (Somorovsky and others, "On Breaking SAML", 2012)."""
    if how in (1, 2):  # the response is signed, and stands inside or beside another one
        signed = tree()
        sign(signed.find(f"{A}Assertion"), private)
        sign(signed, private)
        outer = deepcopy(signed)
        outer.set("ID", "_evil_response")
        signature = outer.find(f"{DS}Signature")
        outer.replace(outer.find(f"{A}Assertion"), evil(signed.find(f"{A}Assertion")))
        if how == 1:
            signature.append(signed)
        else:
            outer.insert(outer.index(signature), signed)
        return outer
    root = good(private)
    assertion = root.find(f"{A}Assertion")
    place = root.index(assertion)
    if how == 3:  # the evil one before the signed one
        root.insert(place, evil(assertion))
    elif how == 4:  # around it
        outer = evil(assertion)
        root.replace(assertion, outer)
        outer.append(assertion)
    elif how == 5:  # a changed one with the signature, the signed one at the end
        outer = evil(assertion, keep_signature=True)
        assertion.remove(assertion.find(f"{DS}Signature"))
        root.insert(place, outer)
    elif how == 6:  # the signed one inside the signature of the changed one
        outer = evil(assertion, keep_signature=True)
        assertion.remove(assertion.find(f"{DS}Signature"))
        root.replace(assertion, outer)
        outer.find(f"{DS}Signature").append(assertion)
    elif how == 7:  # in an element where anything may stand
        extensions = etree.Element(f"{P}Extensions")
        extensions.append(evil(assertion))
        root.insert(1, extensions)
    else:  # the signed one in an object of the signature
        outer = evil(assertion, keep_signature=True)
        assertion.remove(assertion.find(f"{DS}Signature"))
        root.replace(assertion, outer)
        etree.SubElement(outer.find(f"{DS}Signature"), f"{DS}Object").append(assertion)
    return root


def recordings(private, stranger):
    other = "https://elsewhere.example/"
    found = {
        "good": good(private),
        "strong": good(private, context="https://refeds.org/profile/mfa"),
        "nameid-alone": good(private, attributes=attribute(EMAIL, "ruth@example.edu")),
        "comment-in-attribute": good(
            private, attributes=attribute(EMAIL, "ruth@example.edu<!-- x -->.evil.example") + attribute(SUBJECT, "x")
        ),
        "comment-in-nameid": good(
            private, nameid="persistent<!-- x -->-1", attributes=attribute(EMAIL, "ruth@example.edu")
        ),
        "wrong-key": good(stranger),
        "unsigned": tree(),
        "message-signed-alone": sign(tree(), private),
        "sha1": sign_with_sha1(tree(), private),
        "expired": good(private, end=stamp(NOW - timedelta(hours=1)), begin=stamp(NOW - timedelta(hours=2))),
        "not-yet": good(private, begin=stamp(NOW + timedelta(hours=1)), end=stamp(NOW + timedelta(hours=2))),
        "wrong-audience": good(private, audience=other),
        "wrong-recipient": good(private, recipient=other),
        "wrong-destination": good(private, acs=other),
        "wrong-issuer": good(private, issuer=other),
        "of-another-request": good(private, confirms=' InResponseTo="ONELOGIN_another"'),
        "of-no-request": good(private, confirms=""),
        "answers-nothing": good(private, request=""),
        **{f"wrapped-{how}": wrapped(private, how) for how in range(1, 9)},
    }
    changed = good(private)
    next(changed.iter(f"{A}AttributeValue")).text = "helen@example.edu"
    found["changed-after-signing"] = changed
    texts = {name: etree.tostring(root) for name, root in found.items()}
    plain = texts["good"].decode()
    texts["entity"] = (
        '<!DOCTYPE r [<!ENTITY who SYSTEM "file:///etc/passwd">]>' + plain.replace("ruth@example.edu", "&who;")
    ).encode()
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    texts["billion-laughs"] = (bomb + plain.replace("ruth@example.edu", "&c;")).encode()
    refused = tree()
    refused.find(f".//{P}StatusCode").set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    refused.remove(refused.find(f"{A}Assertion"))
    texts["refused-there"] = etree.tostring(refused)
    return texts


def sign_with_sha1(root, private):
    sign(root.find(f"{A}Assertion"), private, xmlsec.Transform.RSA_SHA1, xmlsec.Transform.SHA1)
    return root


def main():
    (private, certificate), (stranger, _) = key_pair(), key_pair()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "idp.pem").write_bytes(certificate)
    for name, text in recordings(private, stranger).items():
        (FOLDER / f"{name}.b64").write_bytes(base64.encodebytes(text))
    print(len(list(FOLDER.glob("*.b64"))), "recorded in", FOLDER)


if __name__ == "__main__":
    main()
