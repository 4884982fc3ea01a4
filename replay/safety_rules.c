#include "replay/safety_rules.h"

const char *const rg_safety_check_names[] = {"none", "luhn", "iban", NULL};

/* Every repetition is bounded or cannot overlap with what follows it, so that no text makes a
 * search slow. */
const struct rg_safety_default rg_safety_defaults[] = {
    {"security-incident",
     "\\b(?:phish(?:ing|ed)?|smishing|vishing|spear-?phish\\w*|ransom(?:ware)?|malware|spyware|"
     "trojans?|virus(?:es)?|key-?loggers?|botnets?|rootkits?|hack(?:ed|ers?|ing)|compromised|"
     "intru(?:sions?|ders?)|identity theft|social engineering|extort(?:ion|ed)|blackmail(?:ed)?|"
     "(?:security|data|cyber|privacy) ?(?:breach(?:es)?|incidents?|leaks?|attacks?|theft)|"
     "unauthori[sz]ed (?:access|log-?ins?|use|users?|persons?|changes?))\\b",
     RG_SAFETY_NONE},
    {"security-theft",
     "\\b(?:(?:stolen|stole|theft of|robbed of|lost "
     "(?:my|the|our|a))\\b.{0,60}\\b(?:laptop|notebook|computer|phone|"
     "tablet|device|badge|usb|hard drive|key ?card|token)|(?:laptop|notebook|computer|phone|tablet|"
     "device|badge|usb stick|hard drive|key ?card|token)s?\\b.{0,40}\\b(?:stolen|stole))\\b",
     RG_SAFETY_NONE},
    {"security-account",
     "\\b(?:(?:logged|signed|logging|signing) (?:in|on)\\b.{0,60}\\b(?:not me|wasn['’]t me|not by "
     "me|(?:some(?:body|one)|a person) else)|(?:some(?:body|one)|a stranger|an? attacker)\\b.{0,60}"
     "\\b(?:with|into|in|to|used|using|accessed|took over) my (?:account|mailbox|password|"
     "profile))\\b",
     RG_SAFETY_NONE},
    {"security-deceit",
     "\\b(?:(?:suspicious|strange|fake|forged|spoofed|fraudulent|scam) (?:e-?mails?|mails?|"
     "messages?|links?|attachments?|(?:web ?)?(?:pages?|sites?)|senders?|calls?|log-?in)|(?:typed|"
     "entered|gave|submitted|put)\\b.{0,20}\\b(?:password|credentials|pin)\\b.{0,60}\\b(?:link|"
     "page|site|caller|form))\\b",
     RG_SAFETY_NONE},
    {"security-extortion",
     "\\b(?:files?|data|disks?|drives?|server|everything)\\b.{0,40}\\bencrypted\\b.{0,80}\\b(?:pay|"
     "payment|ransom|bitcoins?)\\b",
     RG_SAFETY_NONE},
    {"pii-password",
     "\\b(?:pass(?:word|code|phrase)|pwd|pin)(?: is|:| =|=) ?[\"'`(]?(?=\\S{0,60}(?:[0-9]|"
     "[!@#$%^&*_+]\\w))\\S{4,64}",
     RG_SAFETY_NONE},
    {"pii-email", "(?<![\\w.%+-])[\\w.%+-]{1,64}+@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}\\b",
     RG_SAFETY_NONE},
    {"pii-card", "(?<![0-9])(?<![0-9]\\.)[2-6][0-9]{3}(?:[ -]?[0-9]){9,15}(?![0-9])",
     RG_SAFETY_LUHN},
    {"pii-iban", "\\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]){11,30}\\b", RG_SAFETY_IBAN},
    {"pii-ssn",
     "\\b(?:(?<![0-9-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![0-9-])|ssn|social "
     "security (?:number|no\\b))",
     RG_SAFETY_NONE},
    {"pii-phone",
     "(?<![\\w+.])(?:\\+[1-9](?:[ ()./-]{0,2}[0-9]){7,14}|\\(?[2-9][0-9]{2}\\)?[ .-][0-9]{3}[ .-]"
     "[0-9]{4})(?![0-9.-]*[0-9])",
     RG_SAFETY_NONE},
    {"pii-birth", "\\b(?:date of birth|birth ?date|dob|born (?:on|in)\\b.{0,24}[0-9])",
     RG_SAFETY_NONE},
};
const size_t rg_n_safety_defaults = sizeof rg_safety_defaults / sizeof *rg_safety_defaults;
