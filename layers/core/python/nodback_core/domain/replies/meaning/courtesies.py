"""What people write around an answer without adding to it: greetings, thanks, labels and ticks, as closed tables.

All phrases are folded as `spelling.words_of` folds them. `words.py` holds what programs write.
"""


def _phrases(table: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in table.split("|"))


SALUTATIONS = _phrases("""
    hi|hello|hey|hiya|dear|greetings|good morning|good afternoon|good evening|good day|morning|afternoon|evening|
    to whom it may concern|hallo|guten morgen|guten tag|guten abend|moin|servus|grüß gott|liebe|lieber|liebes|
    sehr geehrte|sehr geehrter|sehr geehrte damen und herren|bonjour|bonsoir|salut|cher|chère|chers|chères|hola|
    buenos días|buenas tardes|buenas noches|buenas|estimado|estimada|estimados|querido|querida|ciao|buongiorno|
    buonasera|salve|caro|cara|cari|gentile|olá|ola|oi|bom dia|boa tarde|boa noite|prezado|prezada|prezados|hoi|
    goedemorgen|goedemiddag|goedenavond|goedendag|beste|geachte|hej|hejsan|god morgon|god dag|hei|god morgen|kjære|
    kære|hyvää päivää|huomenta|terve|moi|moikka|cześć|dzień dobry|witam|witaj|szanowni państwo|dobrý den|ahoj|
    dobré ráno|vážení|szia|sziasztok|jó napot|tisztelt|kedves|bună|bună ziua|salutare|stimate|stimată|merhaba|selam|
    günaydın|iyi günler|sayın|γεια|γεια σας|γεια σου|καλημέρα|καλησπέρα|αγαπητέ|αγαπητή|привет|здравствуйте|
    здравствуй|добрый день|доброе утро|добрый вечер|уважаемый|уважаемая|уважаемые|вітаю|привіт|добрий день|
    здравейте|здравей|добър ден|שלום|בוקר טוב|مرحبا|السلام عليكم|صباح الخير|سلام|درود|こんにちは|おはようございます|
    お世話になっております|お疲れ様です|안녕하세요|안녕하십니까|你好|您好|大家好|早上好|下午好|สวัสดี|สวัสดีครับ|
    สวัสดีค่ะ|xin chào|chào|kính gửi|halo|selamat pagi|selamat siang|selamat sore|नमस्ते|zdravo|pozdravljeni|
    dobar dan|tere|labas|sveiki
""")

# Whom a salutation may name besides people.
GROUPS = frozenset(
    _phrases("""
    all|everyone|everybody|team|folks|guys|there|together|again|sir|madam|colleague|colleagues|friends|both|
    zusammen|alle|kollegen|kolleginnen|à tous|tous|toutes|todos|todas|equipo|tutti|equipe|allemaal|allen|alla|
    wszystkim|всем|皆様|各位|herr|frau|mr|mrs|ms|dr|prof|señor|señora|monsieur|madame
""")
)

# Thanks, regrets and wishes: alone they say nothing, and before an answer or behind it nothing about it.
COURTESIES = _phrases("""
    thanks|thank you|thank you very much|thank you so much|thank you again|thanks a lot|thanks a million|
    thanks again|thanks so much|thanks very much|many thanks|much appreciated|appreciated|appreciate it|
    i appreciate it|thx|thnx|tks|ty|tyvm|cheers|with thanks|with pleasure|my pleasure|please|pls|kindly|thanks all|
    thank you all|thanks everyone|thank you everyone|thanks everybody|thanks team|thanks in advance|
    thank you in advance|thanks for asking|thanks for sharing|thanks for sending this|thanks for your work|
    thank you for your work|have a nice day|have a great day|have a good day|have a nice weekend|
    have a great weekend|have a good one|enjoy your day|enjoy your weekend|happy friday|hope you are well|
    i hope you are well|hope this finds you well|i hope this finds you well|sorry|i am sorry|i'm sorry|apologies|
    sorry for the delay|apologies for the delay|sorry for the late reply|unfortunately|regrettably|i'm afraid|
    i am afraid|danke|danke schön|dankeschön|danke sehr|vielen dank|besten dank|herzlichen dank|tausend dank|
    danke dir|danke euch|danke ihnen|bitte|gerne|schönen tag|schönen tag noch|einen schönen tag|schönes wochenende|
    leider|merci|merci beaucoup|merci bien|un grand merci|merci d'avance|s'il vous plaît|svp|bonne journée|
    malheureusement|désolé|désolée|gracias|muchas gracias|mil gracias|gracias de antemano|por favor|buen día|
    lo siento|desafortunadamente|grazie|grazie mille|molte grazie|tante grazie|per favore|buona giornata|purtroppo|
    obrigado|obrigada|muito obrigado|muito obrigada|bedankt|dank|dank je|dank u|dank je wel|dank u wel|
    hartelijk dank|alvast bedankt|alstublieft|fijne dag|helaas|tack|tack så mycket|stort tack|tusen takk|takk|
    mange takk|tak|mange tak|kiitos|kiitos paljon|dziękuję|dzięki|dziękuję bardzo|dziękujemy|proszę|děkuji|díky|
    děkuji moc|prosím|ďakujem|köszönöm|köszi|nagyon köszönöm|mulțumesc|mulțumesc frumos|mersi|teşekkürler|
    teşekkür ederim|sağol|lütfen|ευχαριστώ|ευχαριστώ πολύ|спасибо|большое спасибо|спасибо большое|благодарю|
    пожалуйста|дякую|щиро дякую|благодаря|תודה|תודה רבה|شكرا|شكراً|شكرا جزيلا|متشکرم|ممنون|با تشکر|ありがとう|
    ありがとうございます|ありがとうございました|よろしくお願いします|よろしくお願いいたします|感謝します|감사합니다|
    고맙습니다|谢谢|谢谢大家|多谢|感谢|非常感谢|謝謝|多謝|感謝|辛苦了|ขอบคุณ|ขอบคุณครับ|ขอบคุณค่ะ|cảm ơn|xin cảm ơn|
    cám ơn|terima kasih|makasih|धन्यवाद|hvala|hvala lepa|aitäh|ačiū|paldies
""")

# Praise says nothing about an answer beside it, and something alone.
PRAISE = _phrases("""
    great work|good work|nice work|great job|good job|nice job|well done|nicely done|lovely work|fantastic work|
    excellent work|awesome work|great stuff|good stuff|keep it up|congratulations|congrats|looks good|
    looks good to me|looks great|looks great to me|looks fine|looks fine to me|looks perfect|looks ok|looks okay|
    it looks good|it looks great|this looks good|this looks great|this looks good to me|lgtm|all good|all fine|
    all is well|fine|fine by me|fine with me|fine for me|good for me|works for me|ok for me|great|perfect|excellent|
    awesome|wonderful|fantastic|brilliant|lovely|super|nice|amazing|good|very good|very nice|super arbeit|
    gute arbeit|tolle arbeit|prima|toll|sieht gut aus|bravo|bon travail|parfait|très bien|buen trabajo|perfecto|
    excelente|ottimo|ottimo lavoro|perfetto|bom trabalho|perfeito|ótimo|goed gedaan|prima werk|bra jobbat|
    świetna robota
""")

# "Thanks for …" goes on up to the end of its sentence.
THANKS_FOR = _phrases("""
    thanks for|thank you for|many thanks for|thx for|danke für|vielen dank für|merci pour|gracias por|grazie per|
    obrigado por|obrigada por|bedankt voor|tack för|takk for|tak for
""")

# What may follow an answer at once and belongs to it.
TAILS = _phrases("""
    from me|from my side|from my end|from my part|from here|on my side|on my end|by me|as is|as it is|as it stands|
    as they are|as they stand|as shown|as discussed|as agreed|indeed|again|too|as well|this|it|that|this one|
    this version|this draft|now|here|for me|yes|yep|ok|okay|von mir|von meiner seite|so wie es ist|de ma part|
    por mi parte|da parte mia|van mij|van mijn kant
""")

# A request may follow an answer without a comma: "approved please send it".
REQUESTS = _phrases(
    "please|pls|kindly|bitte|por favor|per favore|svp|s'il vous plaît|graag|tack|proszę|prosím|пожалуйста"
)

# What gives the reason of an answer, without a comma before it.
REASONS = _phrases("""
    because|because of|since|due to|given that|given the|on account of|weil|da|wegen|aufgrund|denn|parce que|car|
    à cause de|porque|debido a|perché|poiché|a causa di|omdat|want|wegens|eftersom|på grund av|fordi|på grund af|
    koska|ponieważ|z powodu|protože|kvůli|mert|pentru că|deoarece|çünkü|επειδή|потому что|так как|из-за|тому що
""")

# A decision is often written behind a label; with a colon or a dash.
LABELS = _phrases("""
    decision|my decision|our decision|final decision|answer|my answer|our answer|the answer|the answer is|
    my answer is|my decision is|response|my response|reply|my reply|outcome|result|status|verdict|my verdict|vote|
    my vote|re|aw|review|review result|choice|my choice|selection|option|conclusion|recommendation|approval|
    approval status|review decision|entscheidung|meine entscheidung|antwort|meine antwort|ergebnis|
    status der prüfung|décision|ma décision|réponse|ma réponse|résultat|decisión|mi decisión|respuesta|mi respuesta|
    resultado|decisione|la mia decisione|risposta|la mia risposta|esito|decisão|minha decisão|resposta|besluit|
    mijn besluit|beslissing|antwoord|beslut|svar|beslutning|päätös|vastaus|decyzja|odpowiedź|rozhodnutí|odpověď|
    döntés|válasz|decizie|răspuns|karar|cevap|yanıt|απόφαση|απάντηση|решение|ответ|рішення|відповідь|החלטה|תשובה|
    القرار|الرد|決定|回答|判断|결정|답변|决定|答复|回复|決議|kết quả|quyết định|keputusan|jawaban
""")
# These do without: "Option 2".
BARE_LABELS = _phrases("option|number|nr|choice|answer|variant|version|the answer is|my answer is|my decision is")

CLASSIFICATIONS = frozenset(
    _phrases("""
    internal|internal only|internal use only|for internal use only|confidential|strictly confidential|
    company confidential|highly confidential|restricted|public|private|official|official sensitive|unclassified|
    general|non confidential|proprietary|personal|secret|c1|c2|c3|tlp red|tlp amber|tlp green|tlp clear|tlp white|
    external|ext|extern|intern|nur für den internen gebrauch|vertraulich|streng vertraulich|öffentlich|interne|
    confidentiel|public information|interno|uso interno|confidencial|público|riservato|intern gebruik|vertrouwelijk|
    社外|外部|社内|機密|内部|机密|公开|대외비
""")
)
CLASSIFYING = _phrases(
    "classification|data classification|document classification|sensitivity|sensitivity label|security|"
    "classified|label|tlp|klassifizierung|klassifikation|vertraulichkeit|clasificación|classificazione|classificatie"
)

# What may open the sentence that holds the answer.
LEADS = _phrases("""
    it is|it's|its|this is|that is|that's|these are|they are|all|hereby|is hereby|consider it|consider this|
    definitely|absolutely|clearly|certainly|of course|so|and|yes|yep|yeah|yup|ok|okay|sure|alright|all right|right|
    ja|jawohl|klar|oui|sí|sì|sim|da|hai|はい|네|是的|好的|好|так|да|es ist|ist|das ist|ist hiermit|hiermit|c'est|
    está|è|é|het is|det är|det er|to jest|это|i'd say|for me it is|for me it's|from my side|from me|from my end|
    von meiner seite|von mir
""")
# After these an answer is a verb: "I approve", and "I approved" would be a story.
SUBJECTS = _phrases("""
    i|we|i hereby|we hereby|i fully|i gladly|happy to|i'm happy to|i am happy to|glad to|i'm glad to|pleased to|
    i'm pleased to|it|this|that
""")

# Behind an answer without a comma, these narrow it: "approved with changes", "approved for Germany".
NARROWINGS = _phrases("""
    with|without|for|by|in|under|on|at|to|like|mit|ohne|für|von|unter|avec|sans|pour|par|con|sin|para|por|senza|per|
    com|sem|met|zonder|voor|med|utan|för|uden|uten|z|bez|dla|s|pro|с|без|для
""")

# What hints at doubts anywhere in the sentence of the answer.
CONDITIONS_INSIDE = _phrases("""
    but|if|unless|until|till|except|excepting|provided|providing|once|when|whenever|after|before|only|however|
    though|although|pending|assuming|subject to|as long as|so long as|conditional|conditionally|condition|
    conditions|provisional|provisionally|tentative|tentatively|partial|partially|partly|half|almost|nearly|maybe|
    perhaps|possibly|probably|in principle|i think|i guess|i suppose|i believe|i hope|hopefully|should|would|could|
    might|instead|rather|minus|apart from|aside from|other than|or|versus|vs|kidding|joking|sarcasm|awaiting|
    waiting|tbc|tbd|later|first|aber|wenn|falls|sofern|nur|erst|außer|bis|sobald|solange|vielleicht|eventuell|
    wahrscheinlich|vorbehaltlich|oder|sonst|mit ausnahme|vorausgesetzt|mais|sauf|seulement|uniquement|peut-être|ou|
    sous|condition que|pero|salvo|solo|sólo|solamente|quizás|quizá|excepto|cuando|hasta|però|ma|solo se|tranne|
    forse|quando|fino|mas|exceto|só|somente|talvez|ou|até|maar|als|alleen|tenzij|behalve|misschien|mits|bara|kanske|
    utom|eller|hvis|bare|kun|måske|kanskje|mutta|jos|vain|ehkä|tai|ale|jeśli|jeżeli|tylko|może|lub|albo|pokud|
    jestli|jen|pouze|možná|nebo|ak|iba|alebo|csak|talán|vagy|dar|dacă|doar|numai|poate|sau|ama|fakat|ancak|eğer|
    sadece|belki|veya|αλλά|αν|εάν|μόνο|ίσως|ή|но|если|только|может|возможно|или|але|якщо|лише|тільки|можливо|або|
    ако|само|може|אבל|אם|רק|אולי|או|لكن|إذا|فقط|ربما|أو|اما|اگر|شاید|یا|nhưng|nếu|chỉ|hoặc|tapi|tetapi|jika|kalau|
    hanya|mungkin|atau|लेकिन|अगर|यदि|केवल|शायद|या
""")
NEGATIONS_INSIDE = _phrases("""
    not|no|never|none|nothing|neither|nor|cannot|can't|don't|doesn't|didn't|isn't|aren't|wasn't|won't|wouldn't|
    shouldn't|couldn't|mustn't|hardly|barely|false|n/a|nope|nah|withdrawn|cancelled|canceled|nicht|nein|kein|keine|
    keinen|niemals|nie|kaum|pas|non|jamais|aucun|aucune|nunca|nada|ningún|niente|não|nenhum|niet|nee|geen|nooit|
    inte|nej|aldrig|ikke|nei|aldri|älä|nie|nigdy|není|nikdy|nem|soha|niciodată|değil|hayır|asla|όχι|δεν|μη|ποτέ|не|
    нет|никогда|ні|ніколи|לא|אין|לעולם|لا|ليس|لم|لن|نه|không|chưa|tidak|bukan|belum|jangan|नहीं|मत
""")
# Their writers put no space between words; anywhere in a line.
DOUBTS_UNSPACED = _phrases("""
    不|没|沒|未|非|但|如果|除非|只有|等|まだ|ない|ません|ただし|しかし|もし|条件|でも|ではなく|아니|않|안|못|하지만|
    다만|만약|조건|ไม่|แต่|ถ้า
""")
# These make an answer depend on something, wherever they stand in a later sentence.
STRONG_INSIDE = _phrases("""
    only if|only when|only after|only once|only with|but only|but not|but first|but no|but please do not|but don't|
    unless|on condition|on the condition|under the condition|provided that|providing that|subject to|not approved|
    do not approve|don't approve|did not approve|didn't approve|cannot approve|can't approve|not really|actually no|
    just kidding|only joking|changed my mind|take it back|take that back|on second thought|on second thoughts|
    never mind|nevermind|scratch that|strike that|disregard|ignore my|my mistake|wrong button|hold off|hold on|
    not yet|wait for|waiting for|awaiting|let me check|need to check|have to check|must agree|has to agree|aber nur|
    aber nicht|nur wenn|es sei denn|doch nicht|mais seulement|mais pas|à condition|sauf si|pero solo|pero no|
    a menos que|ma solo|ma non|a meno che|mas só|mas não|maar alleen|maar niet|tenzij|men bara|men inte|men kun|
    men ikke|ale tylko|ale nie|ale jen|ale ne|но только|но не|но нет|але тільки|але не
""")

# A sentence with one of these tells what was, not what is decided.
NARRATING = _phrases("was|were|had|had been|has been|have been|got|previously|wurde|wurden|war|waren|hatte")

POSITIVE_PICTURES = "👍👌🙏✅✔✓☑🎉💯❤♥🙌👏🚀🙂😀😃😄😊😁🤝💪⭐🌟✨🥳😍🤗💚💙💛💜🧡🖤🏻🏼🏽🏾🏿"
NEGATIVE_PICTURES = "👎❌✖✗✘🚫⛔🙅😡😠🤔😬😕🙄❓❔🤷😒☹🙁😞😢😭🤨🛑❎🤦"
TICKS = "✅✔✓☑👍👌•·*-–—>→»"
SMILEYS = (":-)", ":)", ";-)", ";)", ":-D", ":D", "=)", "^^", "<3", ":+1:", ":thumbsup:")
