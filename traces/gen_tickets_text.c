/* The subjects of the synthetic tickets and the policy articles that settle them. All texts are
 * invented. */
#include "traces/gen_tickets.h"

const char *const rg_tickets_categories[RG_TICKETS_CATEGORIES] = {
    "Access",           "Administrative rights", "HR Support", "Hardware",
    "Internal Project", "Miscellaneous",         "Purchase",   "Storage",
};

const struct rg_tickets_topic rg_tickets_topics[RG_TICKETS_TOPICS] = {
    /* ---- Access ---- */
    {
        "access/password-reset",
        "Forgotten passwords and locked accounts",
        ("An account is locked after five wrong passwords and opens again by itself after thirty "
         "minutes. Staff reset a forgotten password on the self-service page with the code from "
         "their authenticator. Without a registered authenticator the service desk resets it after "
         "checking the staff number and calling back the number on file. A temporary password is "
         "never sent by mail and must be changed at the first login. Passwords are never told to "
         "anybody, the service desk included."),
        {"the Orion staff portal", "the Kestrel mailbox", "the Cedar finance system",
         "the Windows login of workstation WS-$n", "the training platform"},
        {"I forgot my password for $t and the reset page does not send me a code.",
         "My account for $t has been locked $s and I cannot log in any more.",
         "Password reset needed for $t, please.",
         "How can I change my password for $t if my old phone with the authenticator is gone?"},
        {"The message says that the credentials are wrong, although I am sure that they are right.",
         "After five attempts the login page only says that the account is locked.",
         "I changed my phone last week and the authenticator was not moved to the new one."},
        {"Reset the password for $t on the self-service page with the code from your "
         "authenticator; a locked account opens by itself after thirty minutes.",
         "You can set a new password for $t on the self-service page. If your authenticator is "
         "gone, the service desk calls you back on the number on file."},
        ("Temporary passwords are never sent by mail, and without a registered authenticator the "
         "service desk checks the staff number first."),
        {"Wait thirty minutes until the lock ends.", "Open the self-service page and choose reset.",
         "Enter the code from the authenticator.", "Set a new password and log in once.",
         "If there is no code, ask for a call back."},
    },
    {
        "access/remote-gateway",
        "Remote access through the Lumen gateway",
        ("Remote work needs the Lumen gateway client, a managed device and a second factor. The "
         "client must have version 6 or later; older ones are refused. A connection ends after "
         "twelve hours and has to be started again. Private devices may use the web desktop only. "
         "If the tunnel connects but no page opens, the split profile has to be loaded again from "
         "the software centre. Access from outside the permitted countries is approved by the "
         "security desk for at most thirty days."),
        {"the Lumen gateway", "the VPN client on the notebook NB-$n", "the web desktop",
         "the remote desktop of the Zürich office", "the tunnel to the test network"},
        {"I cannot reach $t from home.",
         "Since the update $w, $t asks for the second factor again and again.",
         "$t connects, but no internal page opens.",
         "Is it possible to use $t for $n days while I work from another country?"},
        {"The client shows error $n and closes.",
         "My colleagues with the same device have no problem.",
         "The second factor arrives, but it is refused."},
        {"Update the gateway client to version 6 or later and load the split profile for $t again "
         "from the software centre.",
         "For $t you need a managed device, the current gateway client and your second factor; "
         "reload the profile if no page opens."},
        ("Clients older than version 6 are refused, private devices may use the web desktop only, "
         "and work from other countries needs approval."),
        {"Check the version of the gateway client.", "Install version 6 from the software centre.",
         "Load the split profile again.", "Connect and confirm the second factor.",
         "Ask the security desk before working abroad."},
    },
    {
        "access/business-application",
        "Access to a business application",
        ("Access to a business application is requested in the access catalogue and approved by "
         "the line manager and by the owner of the application. After both approvals the account "
         "is created within one working day. Read access is the default; write access needs a "
         "reason. Access of a person who changes the department ends after fourteen days unless "
         "the new manager confirms it. Accounts without a login for ninety days are closed and "
         "have to be requested again."),
        {"the Cedar reporting module", "the customer database", "the Quill document archive",
         "the planning tool of team $n", "the supplier register"},
        {"I need access to $t for my new tasks.",
         "When I open $t it says that I have no permission to view this page.",
         "Please give our new colleague read access to $t.",
         "My access to $t stopped working after I moved to another department $w."},
        {"My manager has already agreed by chat.",
         "I only need to read the figures, not to change them.",
         "A colleague in the same team can open it without any problem."},
        {"Request access to $t in the access catalogue; your line manager and the owner of the "
         "application have to approve it.",
         "Access to $t is ordered in the access catalogue. After both approvals the account is "
         "created within one working day."},
        ("Read access is the default and write access needs a reason; after a change of department "
         "the new manager has to confirm the access."),
        {"Open the access catalogue.", "Choose the application and read or write access.",
         "Give a reason and name your line manager.", "Wait for both approvals.",
         "Log in after one working day."},
    },
    /* ---- Administrative rights ---- */
    {
        "admin-rights/local-administrator",
        "Temporary local administrator rights",
        ("Local administrator rights on a workstation are granted for at most eight hours and for "
         "one device. The request names the device, the task and the software to be installed; the "
         "line manager approves it. Rights end by themselves and every elevated command is logged. "
         "Permanent administrator rights are given to nobody. Software that is in the software "
         "centre is installed from there without any elevated rights."),
        {"the workstation WS-$n", "the notebook NB-$n", "the lab computer in room $n",
         "the build machine of the team", "the measuring station"},
        {"I need administrator rights on $t to install a driver.",
         "Please make me a local admin on $t.",
         "The installer on $t asks for an administrator password that I do not have.",
         "Can I get permanent admin rights for $t, as I install tools every week?"},
        {"The software comes from the vendor and is not in the software centre.",
         "It should take less than $n minutes.",
         "Last year a colleague could do this without asking."},
        {"Request temporary administrator rights for $t with the task and the software; they last "
         "at most eight hours and end by themselves.",
         "After approval by your line manager you get local administrator rights on $t for up to "
         "eight hours, for this one device."},
        ("Permanent administrator rights are given to nobody, and every elevated command is "
         "logged."),
        {"Look for the software in the software centre.",
         "Request temporary rights for the device.", "Name the task and the software.",
         "Wait for the approval of the line manager.", "Install within eight hours."},
    },
    {
        "admin-rights/permission-groups",
        "Owners of permission groups",
        ("Every permission group has one owner and one deputy, who add and remove members in the "
         "group console. The service desk changes members only if both are absent for more than "
         "three working days. A new owner is named by the head of the department. Owners confirm "
         "the list of members twice a year; members who are not confirmed are removed. Nested "
         "groups are not allowed for groups that give elevated privileges."),
        {"the permission group GRP-$n", "the owner role of the mailing group",
         "the group for the payment release", "the membership list of the lab group",
         "the deputy role of group GRP-$n"},
        {"Please make me the owner of $t, the previous owner left the company.",
         "I have to add two members to $t but the console says that I am not entitled.",
         "Who may change $t while the owner is on holiday?",
         "Several people who left us are still in $t."},
        {"The head of our department knows about it.", "The deputy has been absent $s as well.",
         "The next review of members is due in $n days."},
        {"A new owner for $t is named by the head of the department; owner and deputy then change "
         "the members in the group console.",
         "Only the owner or the deputy may change $t in the group console. The head of the "
         "department can name a new owner."},
        ("The service desk changes members only if owner and deputy are absent for more than three "
         "working days."),
        {"Look up owner and deputy in the group console.",
         "Ask the head of the department to name one.", "Let the owner add or remove the members.",
         "Confirm the list of members.", "Remove nested groups with elevated privileges."},
    },
    {
        "admin-rights/service-accounts",
        "Service accounts and elevated roles",
        ("A service account belongs to one system and to one responsible person, and nobody logs "
         "in with it interactively. Its secret is kept in the vault and changed every ninety days. "
         "Elevated roles on servers are requested with a change number and last until the change "
         "is closed. Two people share every elevated role, so that one can check the other. "
         "Service accounts without a responsible person are disabled after thirty days."),
        {"the service account SVC-$n", "the root role on server SRV-$n", "the backup operator role",
         "the database administrator role", "the account of the nightly import"},
        {"$t was disabled and our nightly job fails.", "I need $t for a maintenance tonight.",
         "Please extend $t until the end of the month.",
         "Who is responsible for $t at the moment?"},
        {"The change number is CHG-$n.", "The responsible person moved to another team.",
         "The secret in the vault has expired."},
        {"For $t you need a change number and a responsible person; the secret is taken from the "
         "vault and changed every ninety days.",
         "Name a responsible person for $t and request the role with a change number; it lasts "
         "until the change is closed."},
        ("Nobody logs in with a service account interactively, and accounts without a responsible "
         "person are disabled after thirty days."),
        {"Name a responsible person for the account.", "Open a change and note its number.",
         "Request the role with the change number.", "Take the new secret from the vault.",
         "Close the change when the work is done."},
    },
    /* ---- HR Support ---- */
    {
        "hr/leave",
        "Requesting and correcting leave",
        ("Leave is requested in the Orion portal at least five working days ahead and approved by "
         "the line manager. A booked leave can be withdrawn until the day before it begins; later "
         "only HR can correct it. Up to five days may be carried over to the next year until the "
         "end of March. Sick days during leave are given back when a certificate is handed in "
         "within three days. Parental leave is arranged with HR in a personal meeting."),
        {"the annual leave in week $n", "the leave balance in Orion", "the carried-over leave days",
         "the sick days in the summer holiday", "the parental leave"},
        {"The figure for $t seems to be wrong.",
         "I want to change $t, but the portal does not let me.",
         "My manager approved $t, but it still shows as open.", "Until when can I use $t?"},
        {"I have a certificate from my doctor.", "In the old system it was shown correctly.",
         "There are $n hours too few in the overview."},
        {"Request or change $t in the Orion portal; once a leave has begun, only HR can correct "
         "it.",
         "You can withdraw a booking for $t until the day before it begins. Afterwards HR corrects "
         "it for you."},
        ("Up to five days may be carried over until the end of March, and sick days are given back "
         "with a certificate within three days."),
        {"Open the leave page in the Orion portal.",
         "Withdraw the old request if it has not begun.",
         "Enter the new dates and send the request.", "Hand in the certificate within three days.",
         "Write to HR if the balance stays wrong."},
    },
    {
        "hr/payslip",
        "Questions about a payslip",
        ("Payslips are published in the Orion portal on the 25th of each month and kept there for "
         "ten years. A question about an amount is sent to payroll with the month and the line of "
         "the payslip, never with a bank card number. Changes of the bank account must be entered "
         "by the employee before the 10th to count for the same month. Overtime is paid with the "
         "following month. A correction appears as a separate line on the next payslip."),
        {"the payslip of last month", "the overtime line on the payslip",
         "the bank account for the salary", "the bonus payment", "the tax class on the payslip"},
        {"There is an error in $t.",
         "I have a question about $t, the amount differs from what was agreed.",
         "I cannot find $t in the portal.", "When will the change of $t take effect?"},
        {"The difference is $n euros.", "It was right in the months before.",
         "I entered the change on the portal in time, as far as I know."},
        {"Send your question about $t to payroll with the month and the line of the payslip; a "
         "correction appears as a separate line on the next one.",
         "Payroll checks $t if you name the month and the line. Overtime is always paid with the "
         "following month."},
        ("Changes of the bank account count for the same month only if they are entered before the "
         "10th."),
        {"Open the payslip in the Orion portal.", "Note the month and the line in question.",
         "Send both to payroll, without card numbers.", "Check your bank account in the portal.",
         "Look for the correction on the next payslip."},
    },
    {
        "hr/joining-and-leaving",
        "Joining and leaving the company",
        ("The manager enters a new employee in the Orion portal ten working days before the first "
         "day, so that account, badge and equipment are ready. On the first day the employee meets "
         "HR at nine and gets the badge. On the last day badge, notebook and phone are returned to "
         "the service desk against a receipt. Mailboxes of leavers are closed after thirty days; "
         "the manager may ask for an automatic reply. References are written by HR within four "
         "weeks."),
        {"the first day of the new colleague", "the badge of the new trainee",
         "the last working day in $n days", "the reference letter",
         "the return of the company phone"},
        {"I have a question about $t.", "What do I have to prepare for $t?",
         "Nothing is ready for $t, although I entered it in the portal $w.",
         "Whom do I contact about $t?"},
        {"The contract was signed some weeks ago.", "The manager is away until next week.",
         "We expect $n more people this quarter."},
        {"For $t the manager makes the entry in the Orion portal ten working days ahead; HR "
         "prepares the badge for nine o clock on the first day.",
         "HR takes care of $t. Equipment and badge are handed over or returned at the service desk "
         "against a receipt."},
        ("Mailboxes of leavers are closed after thirty days, and references are written within "
         "four weeks."),
        {"Check the entry in the Orion portal.", "Ask the manager to complete missing dates.",
         "Meet HR at nine on the first day.", "Return the equipment against a receipt.",
         "Ask HR for the reference letter."},
    },
    /* ---- Hardware ---- */
    {
        "hardware/notebook-fault",
        "Faults of notebooks and screens",
        ("For a faulty notebook the service desk runs the hardware test first. A device under four "
         "years old is repaired under warranty within five working days, and a loan device is "
         "handed out for that time. Older devices are replaced. A swollen battery is dangerous: "
         "switch the device off, do not charge it and bring it to the service desk at once. Data "
         "are not saved before a repair unless they lie in the home folder. Liquid damage is "
         "reported with the date and is not covered by the warranty."),
        {"the notebook NB-$n", "the second screen at the desk", "the battery of the notebook NB-$n",
         "the keyboard of the notebook", "the docking station DS-$n"},
        {"There is a problem with $t: it switches off without warning.",
         "$t has not been working properly $s.", "$t stays black when I start in the morning.",
         "Some coffee was spilled over $t and now some keys do not react."},
        {"The device is about $n months old.", "It gets very warm and the fan is loud.",
         "With another cable it is the same."},
        {"Bring $t to the service desk for the hardware test; it is repaired under warranty if it "
         "is less than four years old.",
         "The service desk tests $t and gives you a loan device for the repair, which takes up to "
         "five working days."},
        ("A swollen battery is dangerous: switch the device off and do not charge it. Liquid "
         "damage is not covered by the warranty."),
        {"Save your data in the home folder.", "Switch the device off and unplug it.",
         "Bring it to the service desk for the test.", "Take a loan device for the repair.",
         "Fetch the device after five working days."},
    },
    {
        "hardware/printer",
        "Printers and follow-me printing",
        ("All printers use one follow-me queue: a job is sent once and released with the badge at "
         "any device within twenty-four hours. If a printer shows a fault, use the next one and "
         "report the number on the yellow label. Toner is ordered by the device itself. Paper jams "
         "are cleared by users as the display shows; anything else is left to the technician, who "
         "comes within one working day. Colour printing has to be enabled by the cost centre."),
        {"the printer PR-$n", "the follow-me queue", "the colour printer on floor $n",
         "the scanner of the copy room", "the label printer in the warehouse"},
        {"$t does not print my documents.", "$t shows a fault and takes no jobs $s.",
         "My job for $t disappears from the list before I can release it.",
         "How do I enable colour pages on $t?"},
        {"The display says that a technician is needed.", "There is paper and toner enough.",
         "It happens only with documents of more than $n pages."},
        {"Send the job once and release it with your badge at another device; report the yellow "
         "label of $t to the service desk.",
         "A technician looks after $t within one working day. Until then release your job with the "
         "badge at the next printer."},
        ("Jobs wait in the follow-me queue for twenty-four hours, toner is ordered by the device "
         "itself, and colour is enabled by the cost centre."),
        {"Note the number on the yellow label.", "Clear a paper jam as the display shows.",
         "Release the job at the next printer.", "Report the number to the service desk.",
         "Ask the cost centre for colour printing."},
    },
    {
        "hardware/meeting-room",
        "Equipment of meeting rooms",
        ("Every meeting room has a panel, a camera and one table microphone. Start the meeting "
         "from the panel; if it does not react, press the grey key under the table for ten "
         "seconds. Loose cables are not to be moved to another room. Adapters are lent at the "
         "reception against the badge. Faults during a meeting are reported with the room number "
         "by phone and are answered within fifteen minutes. Large events need a technician who is "
         "booked three days ahead."),
        {"the camera in room $n", "the panel in the Genève room", "the table microphone in room $n",
         "the projector in the café corner", "the adapter for the big screen"},
        {"$t does not react.", "In our meeting $w nobody could hear us because of $t.",
         "$t is missing.", "We need $t and a technician for an event with $n guests."},
        {"We have restarted it twice.", "The next important meeting begins soon.",
         "The light on the device is red."},
        {"Press the grey key under the table for ten seconds and start the meeting again from the "
         "panel; report $t by phone if it stays silent.",
         "Report $t with the room number by phone; faults during a meeting are answered within "
         "fifteen minutes."},
        ("Adapters are lent at the reception against the badge, and a technician for an event is "
         "booked three days ahead."),
        {"Press the grey key for ten seconds.", "Start the meeting from the panel.",
         "Report the room number by phone.", "Borrow an adapter at the reception.",
         "Book a technician three days ahead."},
    },
    /* ---- Internal Project ---- */
    {
        "project/new-workspace",
        "A workspace for a new project",
        ("A new internal project gets a workspace in the Atlas tracker after the project office "
         "has given it a number. The form asks for sponsor, budget, start and two responsible "
         "people. The workspace comes with a board, a document folder and a channel, and is ready "
         "after two working days. Guests from outside need the agreement of the sponsor and leave "
         "the workspace after ninety days. A finished project is archived and can be read for five "
         "years."),
        {"the workspace of project PRJ-$n", "the Atlas board for the migration project",
         "the document folder of project PRJ-$n", "the channel of the innovation project",
         "the archive of a finished project"},
        {"We are starting a new internal project and need $t.",
         "$t has not been created, although the form was sent $w.", "Please add $n guests to $t.",
         "Is it still possible to read $t?"},
        {"The sponsor has approved the budget.", "The project office has not answered yet.",
         "The kick-off is in $n days."},
        {"Ask the project office for a project number and fill in the form; $t is ready two "
         "working days later.",
         "The project office sets up $t once sponsor, budget, start and two responsible people are "
         "named in the form."},
        ("Guests need the agreement of the sponsor and leave after ninety days; a finished project "
         "can be read for five years."),
        {"Ask the project office for a number.", "Fill in sponsor, budget and start.",
         "Name two responsible people.", "Wait two working days for the workspace.",
         "Let the sponsor agree to guests."},
    },
    {
        "project/time-booking",
        "Booking time on internal projects",
        ("Time on internal projects is booked weekly until Monday noon in Atlas. Only members of "
         "the project can book; the project lead adds them. Hours are booked in quarters and with "
         "a work package. A closed week is opened again by the project lead within the same month, "
         "later only by controlling. Travel to a project meeting counts as half. Projects without "
         "bookings for sixty days are put on hold."),
        {"the time sheet for project PRJ-$n", "the work package WP-$n", "the booking of last week",
         "the travel time of the project meeting", "the hold on project PRJ-$n"},
        {"I cannot enter hours for $t.", "$t is closed, but I still have to correct $n hours.",
         "$t is missing in my list in Atlas.", "How do I book $t correctly?"},
        {"The project lead says that I am a member.", "The month has not ended yet.",
         "Atlas answers that the week is locked."},
        {"Ask the project lead to add you or to open the week again; $t can then be booked in "
         "quarters of an hour in Atlas.",
         "Only members can book $t. Within the same month the project lead opens a closed week, "
         "later controlling does."},
        ("Time is booked weekly until Monday noon with a work package, and travel to a project "
         "meeting counts as half."),
        {"Check that you are a member in Atlas.", "Ask the project lead to open the week.",
         "Choose the work package.", "Book the hours in quarters.",
         "Write to controlling if the month is over."},
    },
    {
        "project/release",
        "Releases of internal tools",
        ("Internal tools are released on Tuesdays and Thursdays before noon. A release needs a "
         "change entry, a green test report, a way back and the agreement of the product owner. "
         "The release team is told at least two days ahead. No release takes place in the last "
         "week of a quarter. If a release fails, the way back is started within thirty minutes and "
         "a short report is written within three days. Requests for features go to the product "
         "board each month."),
        {"the release of the planning tool", "the feature request FR-$n",
         "the test report of build $n", "the change entry CHG-$n",
         "the rollback of the time tracker"},
        {"We want to schedule $t.", "$t was rejected $w and I do not understand why.",
         "Who has to agree to $t?",
         "Would it be possible to speed up $t? Our users have been asking for it."},
        {"All tests are green.", "The product owner is informed.",
         "It would be good to have it before the quarter ends."},
        {"Announce $t to the release team two days ahead with change entry, green test report and "
         "a way back; releases are on Tuesdays and Thursdays.",
         "The product owner has to agree to $t, and the release team needs the change entry and "
         "the test report two days ahead."},
        ("No release takes place in the last week of a quarter, and feature requests go to the "
         "product board each month."),
        {"Write the change entry.", "Attach the green test report.", "Describe the way back.",
         "Get the agreement of the product owner.", "Tell the release team two days ahead."},
    },
    /* ---- Miscellaneous ---- */
    {
        "misc/building",
        "Building, parking and lost property",
        ("Questions about temperature, light, cleaning and furniture go to the building desk with "
         "floor and desk number and are looked at on the same day. Parking spaces are booked by "
         "the week; visitors park on level zero with a printed permit. Lost property is kept at "
         "the reception for three months. Desks may be moved only by the building team. The lift "
         "and the doors are reported by phone at once, because they concern safety."),
        {"the heating on floor $n", "the parking space P-$n", "the lamp above desk $n",
         "the side door to the yard", "the lost umbrella"},
        {"I am writing about $t, which has been a nuisance $s.", "Something is wrong with $t.",
         "Who is responsible for $t?", "Could somebody please look at $t?"},
        {"Several colleagues on $o have said the same.", "I could not find a form for this.",
         "It is the third time this year."},
        {"Tell the building desk about $t with floor and desk number; it is looked at on the same "
         "day.",
         "The building desk is responsible for $t. Doors and lifts are reported by phone at once "
         "because they concern safety."},
        ("Parking spaces are booked by the week, and lost property is kept at the reception for "
         "three months."),
        {"Note the floor and the desk number.", "Write to the building desk.",
         "Report doors and lifts by phone.", "Book the parking space for the week.",
         "Ask at the reception for lost property."},
    },
    {
        "misc/training",
        "Courses and internal events",
        ("Courses are listed in the training platform. A place is booked by the employee and "
         "confirmed by the line manager; it can be cancelled free of charge until seven days "
         "before. External courses need a cost centre. A certificate appears in the platform two "
         "days after the course. Rooms for internal events are booked in the calendar, and "
         "catering is ordered at the canteen three days ahead. The yearly safety course is "
         "compulsory and takes one hour."),
        {"the course number $n", "the yearly safety course",
         "the certificate of the language course", "the catering for the team event",
         "the waiting list of the first-aid course"},
        {"I would like to know more about $t.", "I cannot find $t in the platform.",
         "Please cancel my place or booking for $t.", "Is there a way to repeat $t?"},
        {"The course was held $w.", "My manager has confirmed it.", "We are a group of $n people."},
        {"You find $t in the training platform; book it there and let your line manager confirm "
         "it.",
         "Look at $t in the training platform. A place can be cancelled free of charge until seven "
         "days before."},
        ("Certificates appear two days after the course, and catering is ordered at the canteen "
         "three days ahead."),
        {"Open the training platform.", "Book or cancel the place there.",
         "Ask the line manager to confirm.", "Name a cost centre for external courses.",
         "Look for the certificate after two days."},
    },
    {
        "misc/suspicious-message",
        "Suspicious messages and calls",
        ("A suspicious message is reported with the report key in the mail program and then "
         "deleted; it is not forwarded and its links are not opened. Callers who ask for a code or "
         "a password are refused, whoever they say they are. Who has opened a link or an "
         "attachment disconnects the device from the network and phones the security desk at once. "
         "Nobody is blamed for a report. The security desk answers every report within one working "
         "day."),
        {"the mail about an unpaid parcel", "the call from a so-called bank",
         "the attachment invoice-$n", "the message in the name of the director",
         "the strange calendar invitation"},
        {"I am not sure whether $t is genuine.", "$w I got $t and would like to know what to do.",
         "Several people on $o received $t.", "What happens to $t after I report it?"},
        {"I have not opened anything.", "The sender has a strange address.",
         "It asks for an answer within $n minutes."},
        {"Report $t with the report key in the mail program and delete it; do not forward it and "
         "do not open its links.",
         "Do not answer $t. Report it to the security desk, and disconnect your device if you have "
         "opened a link."},
        ("Callers who ask for a code or a password are refused, and every report is answered "
         "within one working day."),
        {"Do not open links or attachments.", "Use the report key in the mail program.",
         "Delete the message.", "Disconnect the device if a link was opened.",
         "Phone the security desk at once."},
    },
    /* ---- Purchase ---- */
    {
        "purchase/order",
        "Ordering goods and devices",
        ("Goods are ordered in the shop of the Cedar system. Orders below 500 euros are approved "
         "by the cost centre, above that by the head of the department, and above 10,000 euros "
         "three offers are compared. Standard devices arrive within ten working days. A delivery "
         "is confirmed in Cedar by the person who ordered it, otherwise the supplier is not paid. "
         "Wrong or damaged goods are returned within fourteen days with the order number."),
        {"the order PO-$n", "the delivery of $n headsets", "the offer for the new screens",
         "the desk chair from the shop", "the return of a damaged tablet"},
        {"I would like to ask about $t.", "$t has not arrived yet.",
         "Who approves $t? The amount is about $n euros.",
         "Please cancel $t, we do not need it any more."},
        {"The supplier says that everything was sent.", "The cost centre is 4$n.",
         "In Cedar it still waits for an approval."},
        {"Check $t in the Cedar shop: below 500 euros the cost centre approves it, above that the "
         "head of the department.",
         "You can follow $t in Cedar. Standard devices arrive within ten working days after the "
         "approval."},
        ("Confirm the delivery in Cedar, otherwise the supplier is not paid; damaged goods go back "
         "within fourteen days."),
        {"Open the order in the Cedar shop.", "See who has to approve it.",
         "Remind the cost centre of the approval.", "Confirm the delivery in Cedar.",
         "Return damaged goods within fourteen days."},
    },
    {
        "purchase/licence",
        "Software licences and renewals",
        ("Licences are bought centrally. The need is entered in the licence list with product, "
         "number of users and cost centre, and a free licence from the pool is assigned first. "
         "Renewals are announced sixty days ahead to the person responsible; without an answer a "
         "licence ends. Trial versions may be used for thirty days and never with customer data. "
         "Subscriptions paid with a private card are not reimbursed."),
        {"the licence for the drawing program", "the renewal of licence LIC-$n",
         "the subscription of the video tool", "the trial version of the statistics package",
         "the licence pool of the design team"},
        {"We need $t for our team.", "$t ends soon and I have got no answer $s.",
         "How much does $t cost for $n users?", "The program says that $t has expired."},
        {"The product is used every day.", "We could share it between two people.",
         "The cost centre has been named."},
        {"Enter $t in the licence list with product, number of users and cost centre; a free "
         "licence from the pool is assigned first.",
         "Licences are bought centrally: put $t into the licence list, and answer the renewal "
         "notice in time."},
        ("Renewals are announced sixty days ahead, and subscriptions paid with a private card are "
         "not reimbursed."),
        {"Open the licence list.", "Enter product, users and cost centre.",
         "Wait for a free licence from the pool.", "Answer the renewal notice.",
         "Remove trial versions after thirty days."},
    },
    {
        "purchase/invoice",
        "Invoices and payments",
        ("Invoices are sent by the supplier to the invoice mailbox and must carry an order number; "
         "those without one go back. The person who ordered checks the invoice in Cedar within "
         "five working days, and payment follows within thirty days. Reminders are forwarded to "
         "accounting at once. Expenses are claimed with the receipt in Orion within sixty days. "
         "Bank details of a supplier are changed only after a call to a known number."),
        {"the invoice INV-$n", "the reminder from a supplier",
         "the expense claim for the business trip", "the invoice of supplier $n",
         "the credit note for the returned goods"},
        {"I have a question about $t.", "$t has not been paid, and the supplier complains.",
         "$t came back to me $w without an explanation.", "Where do I send $t?"},
        {"The amount is $n euros.", "There is no order number on it.",
         "The supplier has threatened to stop deliveries."},
        {"Check that $t carries an order number and confirm it in Cedar; payment follows within "
         "thirty days.",
         "Send $t to the invoice mailbox with the order number. The person who ordered checks it "
         "within five working days."},
        ("Reminders go to accounting at once, and bank details of a supplier are changed only "
         "after a call to a known number."),
        {"Look for the order number.", "Check the invoice in Cedar.",
         "Forward a reminder to accounting.", "Claim expenses with the receipt in Orion.",
         "Call a known number before changing bank details."},
    },
    /* ---- Storage ---- */
    {
        "storage/quota",
        "Quotas of home folders and mailboxes",
        ("A home folder has 50 gigabytes and a mailbox 20. At ninety percent a warning is sent; a "
         "full folder can be read but no longer written. Before a quota is raised, large and old "
         "files are moved to the archive with the clean-up page. A larger quota is granted for "
         "twelve months with the agreement of the cost centre, in steps of 25 gigabytes. Videos "
         "and backups of phones do not belong in the home folder."),
        {"the home folder H-$n", "the mailbox of the team", "the quota of the project drive",
         "the disk space on share S-$n", "the archive folder"},
        {"$t is full and I cannot save any more.",
         "I get a warning every day that $t has reached ninety percent.",
         "Please raise the limit for $t by $n gigabytes.",
         "How can I see what takes so much space in $t?"},
        {"I have already deleted some old files.", "We need the data for the yearly report.",
         "The warning came although nothing was added."},
        {"Move large and old files from $t to the archive with the clean-up page; a larger quota "
         "needs the agreement of the cost centre.",
         "Clean up $t first with the clean-up page. The quota can then be raised in steps of 25 "
         "gigabytes for twelve months."},
        ("A full folder can be read but no longer written, and videos and backups of phones do not "
         "belong there."),
        {"Open the clean-up page.", "Sort the files by size and age.",
         "Move old files to the archive.", "Ask the cost centre to agree.",
         "Request 25 gigabytes more."},
    },
    {
        "storage/restore",
        "Restoring deleted files",
        ("Deleted files lie in the recycle folder of the share for thirty days and are restored by "
         "the user with the history page. Snapshots are taken every four hours and kept for "
         "fourteen days; backups are kept for one year. A restore from a backup is requested with "
         "path, date and reason and takes up to two working days. Files on a local disk are not "
         "backed up. If many files have strange endings, nothing is restored before the security "
         "desk has looked at it."),
        {"the folder report-$n", "the spreadsheet of last week", "the share S-$n",
         "the presentation for the board", "the project folder of $o"},
        {"$t was deleted by mistake $w.", "I overwrote $t and need the older version.",
         "$t has disappeared from the network drive.", "Until when can $t be restored?"},
        {"It was there $w at about nine.", "The path begins with the letter of our drive.",
         "Nobody in the team remembers moving it."},
        {"Restore $t with the history page from the recycle folder or from a snapshot; older "
         "versions come from the backup on request.",
         "Open the history page and choose a version of $t. A restore from the backup takes up to "
         "two working days."},
        ("Snapshots are kept for fourteen days and backups for one year; files on a local disk are "
         "not backed up."),
        {"Look into the recycle folder.", "Open the history page of the folder.",
         "Choose the version before the loss.", "Request a restore with path and date.",
         "Check the restored files."},
    },
    {
        "storage/shares",
        "New shares and moving data",
        ("A new share on the Harbor servers is requested with a name, an owner, the expected size "
         "and two permission groups, one for reading and one for writing. It is ready within three "
         "working days. Data above 100 gigabytes are moved by the storage team at night. The old "
         "place stays readable for two weeks. Data with personal details are stored on encrypted "
         "shares only. Links to people outside expire after seven days."),
        {"the share S-$n on Harbor", "the move of the lab data", "the network drive of $o",
         "the encrypted share for personnel files", "the link for an external partner"},
        {"We need $t for about $n gigabytes.", "$t cannot be reached $s.",
         "Files in $t are still in the old place.", "How do we set up $t for two teams?"},
        {"The owner will be our head of team.", "Some of the files contain personal details.",
         "The transfer stops after a few minutes."},
        {"Request $t with a name, an owner, the size and two permission groups; it is ready within "
         "three working days.",
         "The storage team sets up $t and moves large data at night; the old place stays readable "
         "for two weeks."},
        ("Data with personal details are stored on encrypted shares only, and links to people "
         "outside expire after seven days."),
        {"Choose a name and an owner.", "Estimate the size in gigabytes.",
         "Name a group for reading and one for writing.", "Let the storage team move the data.",
         "Check the old place within two weeks."},
    },
};
