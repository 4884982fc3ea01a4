/* Sentences of the synthetic tickets and answers that fit every subject. All are invented. None
 * holds an apostrophe: some answers are written with single quotes. Personal details are plainly
 * fake: card numbers of zeros, telephone numbers in the range kept for fiction, reserved mail
 * domains. */
#include <assert.h>

#include "traces/gen_tickets.h"

static const char *const greeting[] = {
    "Hello!", "Hi team!", "Dear service desk!", "Good morning!", "Hi!",
};
static const char *const when[] = {
    "yesterday", "last week", "this morning", "on Friday", "on Monday",
};
static const char *const since[] = {
    "since Monday", "since yesterday", "since last week", "since this morning", "since the update",
};
static const char *const place[] = {
    "floor 3",         "floor 5",          "the Zürich site",
    "the upper level", "the ground floor", "the Málaga site",
};
static const char *const tried[] = {
    "I have already asked around in the team, without success.",
    "I tried it again on another day, with the same result.",
    "A colleague had the same some time ago but does not remember the solution.",
    "The instructions on the intranet did not help.",
    "I looked through the help pages first – nothing there fits my case.",
};
static const char *const impact[] = {
    "This is urgent, as I need it before noon.",
    "It is not very urgent, but it holds up my work.",
    "We have a deadline in a few days and depend on it.",
    "Without it I cannot finish the monthly report.",
    "There is no hurry, next week is fine.",
    "Two other people are waiting for me because of this.",
};
static const char *const context[] = {
    ("To give you the whole story: I was on a business trip until recently, and when I came back "
     "to $o, several things had been changed without anybody telling us."),
    ("I first wrote to my own team lead, who sent me to another department, and from there I was "
     "sent to you, so please do not close this before somebody has really looked at it."),
    ("In the past the procedure was simple: one short form, one signature, and it was done on the "
     "next day; the new procedure has more steps and I am not sure which of them apply to me."),
    ("I have attached nothing, because the upload page accepts only small files, but I can send "
     "pictures and the exact times if you tell me where to."),
    ("For your information, the same thing happened about $n days ago and went away by itself, and "
     "I did not report it at that time because I believed it to be a passing fault."),
    ("If it helps, you may call me between nine and eleven; after that I am in meetings for most "
     "of the day and can only answer by mail."),
};
static const char *const thanks[] = {
    "Thank you!",     "Thanks in advance.", "Best regards", "Many thanks for your help.",
    "Please advise.",
};
static const char *const security[] = {
    ("I also have to say that I typed my password into a page which I reached through a link in a "
     "strange mail."),
    ("Besides, somebody seems to have logged in with my account at night, and it was not me."),
    ("By the way, my bag with the company phone was stolen on the train $w."),
    ("On the screen there was a note that all files are encrypted and that we have to pay."),
};
static const char *const pii[] = {
    "In case you need it, my card number is 4000 0000 0000 0002.",
    "You can reach me on my private phone 202-555-01$n.",
    "My private address is anna.example.$n@example.org if the mailbox does not work.",
    "My personal number is 00-$n-0000 and I was born on 1 January 1900.",
};
static const char *const outage[] = {
    "Nobody on $o can work $s, so it looks like an outage.",
    "It is down for the whole department, about $n people are affected.",
    "All users on $o see the same error, the service seems to be unavailable.",
};
static const char *const opener[] = {
    "Thank you for your message, I am happy to help you with this.",
    "Thank you for reporting this, I understand that it is inconvenient.",
    "I have looked at your request and this is what you can do.",
};
static const char *const closer[] = {
    "Please answer this ticket if the problem remains after these steps.",
    "If this does not help, the service desk will look at it together with you.",
    "Let us know whether it worked, so that we can close the ticket.",
};
static const char *const extra[] = {
    "Please keep the number of this ticket at hand in case you call the service desk about it.",
    "If a colleague has the same question, you may pass these steps on to him or her.",
    "It is best to do the steps in one go and to note what you see on the screen.",
};
static const char *const reason_terse[] = {
    "The ticket is about $t.",
    "It concerns $t.",
};
static const char *const reason_article[] = {
    "The ticket is about $t, and the article \"$a\" covers it.",
    "The request concerns $t; the guidance in \"$a\" applies.",
    "The user writes about $t, which is settled by \"$a\".",
};
static const char *const reason_general[] = {
    "The ticket is about $t, so the category is $c.",
    "The request concerns $t and belongs to the category $c.",
    "The user writes about $t, which is usually handled under $c.",
};
static const char *const reason_more[] = {
    "The steps are in the order in which they can be done without waiting for others.",
    "No other category describes the main point of the text better.",
    "The wording leaves little doubt about what the user needs.",
};
static const char *const wrong[] = {
    "About $t:",
    "Regarding $t, a similar case applies.",
    "For $t the usual procedure applies.",
};
static const char *const vague[] = {
    "Please restart your device, check your connection and try $t again later.",
    "There may be several causes for the problem with $t; it is best to ask the responsible team.",
    "Your request about $t has been noted and will be handled as soon as possible.",
};
static const char *const vague_step[] = {
    "Restart the device.",
    "Check the network connection.",
    "Try again later.",
    "Contact the responsible team.",
};
static const char *const refusal[] = {
    "As an AI language model I cannot look into $t.",
    "I am sorry, but as an AI I am unable to help with $t.",
};
static const char *const brief[] = {
    "Please contact the service desk.",
    "Try again tomorrow.",
    "See the intranet page.",
};
static const char *const prose[] = {
    "Here is the answer in the requested format:",
    "Sure, this is the JSON for the ticket:",
    "Based on the ticket I suggest the following.",
};
static const char *const safety[] = {
    "This may be a security incident: phone the security desk at once and do not use the account.",
    "First report this to the security desk by phone, as it may be a security incident.",
};

static const struct {
    const char *const *items;
    size_t n;
} pools[RG_N_POOLS] = {
#define POOL(which, name) [which] = {name, sizeof(name) / sizeof((name)[0])}
    POOL(RG_POOL_GREETING, greeting),
    POOL(RG_POOL_WHEN, when),
    POOL(RG_POOL_SINCE, since),
    POOL(RG_POOL_PLACE, place),
    POOL(RG_POOL_TRIED, tried),
    POOL(RG_POOL_IMPACT, impact),
    POOL(RG_POOL_CONTEXT, context),
    POOL(RG_POOL_THANKS, thanks),
    POOL(RG_POOL_SECURITY, security),
    POOL(RG_POOL_PII, pii),
    POOL(RG_POOL_OUTAGE, outage),
    POOL(RG_POOL_OPENER, opener),
    POOL(RG_POOL_CLOSER, closer),
    POOL(RG_POOL_EXTRA, extra),
    POOL(RG_POOL_REASON_TERSE, reason_terse),
    POOL(RG_POOL_REASON_ARTICLE, reason_article),
    POOL(RG_POOL_REASON_GENERAL, reason_general),
    POOL(RG_POOL_REASON_MORE, reason_more),
    POOL(RG_POOL_WRONG, wrong),
    POOL(RG_POOL_VAGUE, vague),
    POOL(RG_POOL_VAGUE_STEP, vague_step),
    POOL(RG_POOL_REFUSAL, refusal),
    POOL(RG_POOL_SHORT, brief),
    POOL(RG_POOL_PROSE, prose),
    POOL(RG_POOL_SAFETY, safety),
#undef POOL
};

size_t
rg_tickets_pool_size(enum rg_tickets_pool pool)
{
    assert((int)pool >= 0 && (int)pool < RG_N_POOLS);
    return pools[pool].n;
}

const char *
rg_tickets_phrase(enum rg_tickets_pool pool, size_t i)
{
    assert(i < rg_tickets_pool_size(pool));
    return pools[pool].items[i];
}
