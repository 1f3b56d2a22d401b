"""What links in mails about deals are good for."""

from prm.core.signed_links import register_purpose

APPROVE = "deals.approve"
EXTEND = "deals.extend"

register_purpose(APPROVE, url_name="public:deals:link_approve", permission="deals.registration_decide")
register_purpose(EXTEND, url_name="public:deals:link_extend", permission="deals.registration_create")
