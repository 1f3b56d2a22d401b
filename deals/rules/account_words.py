"""The word lists of account identity, one version with the code that uses them.

They are code and not terms, on purpose: changing one changes who holds an account. Whoever edits a list raises
KEY_VERSION in `deals/rules/accounts.py`, and the stored keys are computed again. Source: program rules §3.
"""

# Mail providers whose domain says nothing about the company behind an address.
FREE_MAIL = frozenset(
    """
    126.com 163.com aim.com aol.com bigpond.com bluewin.ch btinternet.com comcast.net email.com fastmail.com
    foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk
    hotmail.com hotmail.de hotmail.fr hotmail.it icloud.com inbox.ru interia.pl laposte.net libero.it live.co.uk
    live.com live.de mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com o2.pl onet.pl orange.fr outlook.com
    outlook.de pm.me posteo.de proton.me protonmail.com qq.com rediffmail.com seznam.cz sfr.fr sina.com t-online.de
    terra.com.br tuta.com tutanota.com uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.in
    yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com
    """.split()
)

# Legal forms as they read after folding (lower case, no accents, dots gone), stripped from the end of a name.
LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bhd bv bvba co company corp corporation cv doo dooel eirl eood gbr gmbh inc incorporated jsc kft
    kg kgaa kk lda limitada limited llc llp lp ltd ltda mbh nv ohg ood ooo oy oyj pjsc plc pllc pte pty pvt rt sa sab
    sapi sarl sas se sl slu spa srl sro sdn ug zrt
    """.split()
)

# Forms written in several words, and what joins two forms ("GmbH & Co. KG").
LEGAL_PHRASES = (("sp", "z", "oo"), ("sp", "zoo"), ("s", "a"), ("a", "s"), ("b", "v"), ("n", "v"), ("d", "o", "o"))
JOINERS = frozenset({"and", "und", "et", "y", "e", "&"})

# Asian forms are written without a space, before or after the name.
LEGAL_AFFIXES = ("株式会社", "有限会社", "合同会社", "有限公司", "股份有限公司", "주식회사")

# Letters that do not fall apart into a base letter and an accent.
FOLDED_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}
)
