"""The words by which mail programs mark what the writer did not type, in the languages they speak.

What we sent is the better witness (see `reply_quotes`); these tables serve where a program hides it.
All words are folded: lower case, no surrounding marks.
"""

import re


def _words(table: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in table.split("|"))


FROM_LABELS = frozenset(
    _words("""
    from|von|de|da|van|från|fra|lähettäjä|od|feladó|de la|gönderen|kimden|από|от|від|от кого|מאת|من|از|จาก|
    ผู้ส่ง|từ|người gửi|dari|daripada|差出人|送信元|送信者|보낸 사람|보낸사람|发件人|發件人|寄件者|寄件人|nuo|
    no|saatja|šalje|pošiljatelj|frá|nork|प्रेषक
    """)
)

OTHER_LABELS = frozenset(
    _words("""
    sent|date|to|subject|cc|bcc|reply-to|sent on|received|gesendet|datum|an|betreff|envoyé|envoyé le|à|a|objet|
    enviado|enviada em|enviado el|fecha|para|asunto|assunto|data|inviato|oggetto|verzonden|aan|onderwerp|
    skickat|till|ämne|sendt|dato|til|emne|lähetetty|päivämäärä|vastaanottaja|aihe|wysłano|wysłane|do|temat|dw|
    odesláno|komu|předmět|odoslané|dátum|predmet|küldve|elküldve|címzett|tárgy|másolatot kap|trimis|dată|către|
    subiect|gönderildi|gönderme tarihi|tarih|kime|alıcı|konu|στάλθηκε|ημερομηνία|προς|θέμα|κοιν|отправлено|дата|
    кому|тема|копия|надіслано|изпратено|до|относно|נשלח|תאריך|אל|נושא|تاريخ الإرسال|التاريخ|إلى|الموضوع|تاریخ|
    به|موضوع|ส่ง|วันที่|ถึง|เรื่อง|đã gửi|ngày|đến|tới|chủ đề|dikirim|tanggal|kepada|ke|subjek|perihal|dihantar|
    tarikh|送信日時|日付|日時|宛先|件名|보낸 날짜|날짜|받는 사람|받는사람|제목|发送时间|时间|日期|收件人|主题|
    抄送|寄件日期|傳送日期|傳送時間|收件者|主旨|主題|副本|poslano|prima|za|zadeva|saadetud|kellele|teema|
    išsiųsta|kam|tema|nosūtīts|temats|भेजा गया|दिनांक|प्रति|विषय
    """)
)

# What stands between a date and a name in front of a quote; matched anywhere in a line that ends in a colon.
WROTE = _words("""
    wrote|schrieb|geschrieben|écrit|escribió|escribio|escreveu|ha scritto|scritto|schreef|geschreven|skrev|
    kirjoitti|napisał|napisała|napisal|napísal|írta|ezt írta|a scris|yazdı|şunu yazdı|έγραψε|написал|пишет|
    писал|написав|пише|написа|כתב|كتب|نوشت|เขียน|đã viết|viết|menulis|작성|님이|写道|寫道|のメール|書きました|
    va escriure|je napisao|je napisal|kirjutas|rašė|rakstīja|skrifaði|idatzi|napsal|ने लिखा|sent by|dnia
""")

# Lines that phones and programs append by themselves: how they begin, or how they end.
SENT_FROM_START = _words("""
    sent from|sent with|sent via|sent using|get outlook for|download outlook for|von meinem|gesendet von|
    gesendet mit|gesendet aus|gesendet über|outlook für|holen sie sich outlook|laden sie outlook|
    diese nachricht wurde von meinem|envoyé de|envoyé depuis|envoyé à partir|envoyé avec|envoyé via|
    télécharger outlook|téléchargez outlook|obtenir outlook|obtenez outlook|enviado desde|enviado do|enviado da|
    enviado a partir|enviado con|enviado com|enviado por|enviado via|enviado dende|enviat des|obtener outlook|
    descargar outlook|obter o outlook|obtenha o outlook|baixar o outlook|inviato da|inviato con|inviato tramite|
    ottieni outlook|scarica outlook|verzonden vanaf|verzonden met|verzonden vanuit|verstuurd vanaf|
    verstuurd met|outlook voor|download outlook voor|skickat från|skickat med|skickades från|hämta outlook|
    sendt fra|sendt med|hent outlook|skaff outlook|skaff deg outlook|få outlook|lähetetty|hanki outlook|
    wysłane z|wysłano z|wysłane za|pobierz outlook|pobierz program outlook|pobierz aplikację outlook|odesláno z|
    odesláno pomocí|získat outlook|získejte outlook|odoslané z|získať outlook|elküldve|küldve|
    az outlook beszerzése|trimis de|trimis din|trimis cu|descărcați outlook|obțineți outlook|στάλθηκε από|
    αποστολή από|εστάλη από|λήψη του outlook|αποκτήστε το outlook|отправлено с|отправлено из|отправлено через|
    послано с|надіслано з|відправлено з|изпратено от|скачать outlook|получить outlook|נשלח מ|أُرسلت من|أرسلت من|
    مرسل من|تم الإرسال من|أُرسل من|ارسال شده از|فرستاده شده از|ส่งจาก|đã gửi từ|được gửi từ|gửi từ|tải outlook|
    dikirim dari|dihantar dari|dapatkan outlook|发自我的|發自我的|发自|發自|从我的|從我的|傳送自|來自我的|
    来自我的|获取 outlook|下载 outlook|取得 outlook|下載 outlook|poslano s|poslano iz|poslano z|послато са|
    saadetud minu|išsiųsta iš|nosūtīts no|sent úr|나의 iphone|내 iphone|outlook for|yahoo mail:
""")

SENT_FROM_END = _words("""
    gönderildi|から送信|より送信|を入手|에서 보냄|에서 보냈습니다|에서 전송|de gönderildi|से भेजा गया|küldve|
    bidalia|edinin|다운로드|gesendet.|gesendet
""")

# A line that only ends like this must also name a thing that sends.
SENDING_THINGS = _words("""
    iphone|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|pixel|nokia|oneplus|blackberry|outlook|mail|gmail|
    yahoo|proton|thunderbird|windows|telefon|phone|handy|mobil|smartphone|tablet|スマホ|모바일|手机|手機|mobile|
    móvil|gmx|web.de|spark|edison|typeapp|bluemail|k-9|fairemail|tutanota|device|ios|messenger|samartphone|oppo|
    vivo|redmi|honor|motorola|sony|xperia|iphonu|ipadu|icloud|zimbra|zoho|fastmail|hey|superhuman|aol|verizon|
    wiko|gerät|appareil|téléphone|teléfono|telefone|celular|cellulare|telefoon|puhelin|telefonu|telefonom|
    телефон|айфон|устройств|mobiltelefon|טלפון|אייפון|הנייד|هاتف|جهاز|آیفون|มือถือ|ไอโฟน|điện thoại|ponsel|
    torch of pixels
""")

# A line that is nothing but this closes a letter; what follows is a signature.
CLOSINGS = frozenset(
    _words("""
    best|best regards|best wishes|kind regards|kindest regards|regards|warm regards|
    many thanks and kind regards|sincerely|yours sincerely|yours|yours truly|cheers|mit freundlichen grüßen|
    mit freundlichen grüssen|mit freundlichem gruß|freundliche grüße|viele grüße|liebe grüße|beste grüße|
    schöne grüße|herzliche grüße|mfg|vg|lg|cordialement|bien cordialement|bien à vous|cdlt|salutations|
    sincères salutations|amicalement|saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|
    atenciosamente|att|abraços|um abraço|cumprimentos|melhores cumprimentos|com os melhores cumprimentos|
    cordiali saluti|distinti saluti|saluti|un saluto|un cordiale saluto|met vriendelijke groet|
    met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groeten|groetjes|mvg|
    med vänliga hälsningar|vänliga hälsningar|med vänlig hälsning|hälsningar|mvh|med venlig hilsen|
    venlig hilsen|hilsen|vh|med vennlig hilsen|vennlig hilsen|ystävällisin terveisin|terveisin|
    parhain terveisin|pozdrawiam|z poważaniem|serdecznie pozdrawiam|s pozdravem|s přátelským pozdravem|zdravím|
    s pozdravom|üdvözlettel|üdv|tisztelettel|cu stimă|cu respect|toate cele bune|saygılarımla|saygılar|
    iyi çalışmalar|sevgiler|με εκτίμηση|φιλικά|χαιρετισμούς|с уважением|всего доброго|с наилучшими пожеланиями|
    з повагою|с уважение|поздрави|בברכה|בתודה ובברכה|مع أطيب التحيات|مع التحية|تحياتي|مع خالص التحية|با احترام|
    با تشکر و احترام|ด้วยความเคารพ|ขอแสดงความนับถือ|trân trọng|thân mến|salam|salam hangat|hormat kami|
    hormat saya|よろしくお願いいたします|よろしくお願いします|敬具|以上|감사합니다|드림|此致|此致敬礼|敬礼|
    敬祝|敬上|謹啟|祝好|
    顺颂商祺|順頌商祺|lep pozdrav|lijep pozdrav|srdačan pozdrav|lugupidamisega|pagarbiai|ar cieņu|kveðja|
    salutacions|सादर|धन्यवाद सहित
    """)
)

BANNER_WARNINGS = _words("""
    caution|warning|attention|external|achtung|vorsicht|warnung|extern|externe|prudence|avertissement|atención|
    precaución|advertencia|externo|cuidado|atenção|aviso|attenzione|cautela|esterno|let op|waarschuwing|varning|
    advarsel|obs|huomio|varoitus|uwaga|ostrzeżenie|pozor|upozornění|figyelem|atenție|dikkat|uyarı|προσοχή|
    внимание|осторожно|увага|אזהרה|זהירות|שים לב|تحذير|تنبيه|توجه|คำเตือน|cảnh báo|peringatan|perhatian|注意|
    警告|【外部】|주의|경고|外部邮件|外部郵件|do not click|think before
""")

BANNER_OUTSIDE = _words("""
    outside|extern|außerhalb|ausserhalb|extérieur|exterior|fuera de|fora da|esterno|esterna|all'esterno|buiten|
    utanför|udenfor|uden for|utenfor|ulkopuol|zewn|spoza|mimo|zvenčí|külső|kívül|afara|dış|εξωτερ|εκτός|внешн|
    извне|зовнішн|חיצונ|מחוץ|خارج|ภายนอก|bên ngoài|luar|外部|社外|외부|unknown sender|unfamiliar|
    recognize the sender|do not click|first time|don't often get
""")

BANNER_MAIL = _words("""
    mail|message|sender|link|attachment|nachricht|absender|anhäng|courriel|expéditeur|correo|mensaje|remitente|
    mensagem|remetente|messaggio|mittente|bericht|afzender|meddelande|avsändar|besked|melding|viesti|lähettäj|
    wiadomoś|nadawc|zpráv|odesílatel|üzenet|levél|feladó|mesaj|expeditor|ileti|gönderen|posta|μήνυμα|αποστολ|
    письм|сообщен|отправител|лист|повідомлен|הודעה|דוא|שולח|رسالة|بريد|مرسل|ایمیل|อีเมล|thư|email|surat|pesan|
    邮件|郵件|メール|메일|发件人
""")

# How Outlook's tip about a sender who seldom writes begins; in other languages its link tells.
SAFETY_TIPS = _words("""
    you don't often get email from|you don’t often get email from|
    some people who received this message don't often get email from|
    some people who received this message don’t often get email from|sie erhalten nicht oft e-mails von|
    sie erhalten nicht häufig e-mails von|
    einige personen, die diese nachricht erhalten haben, erhalten nicht oft e-mails von|
    einige personen, die diese nachricht erhalten haben, erhalten häufig keine e-mails von|
    vous n'obtenez pas souvent d'e-mail|vous ne recevez pas souvent|no suele recibir correo|no suele recibir correos|
    non si riceve spesso|non ricevi spesso|você não costuma receber|não costuma receber|não recebe frequentemente|
    u ontvangt niet vaak e-mail van|je ontvangt niet vaak e-mail van|du får inte ofta e-post från|
    du modtager ikke ofte|du får ikke ofte e-post fra|nie często otrzymujesz|nie otrzymujesz często|
    вы нечасто получаете|您通常不会收到来自|您不常收到来自|您不常收到來自
""")

# What absence notes, ticket systems, calendars and reactions say, where no header tells them from people.
MACHINES = _words("""
    reacted to your message|reacted via gmail|reacted to your email|liked your message|
    out of office|out of the office|away from the office|away from my desk|on annual leave|on parental leave|
    on maternity leave|on paternity leave|on sick leave|currently on vacation|currently on holiday|currently on leave|
    limited access to email|limited access to my email|no access to my email|automatic reply|automated reply|
    automatic response|automated response|automated message|automated email|auto reply|auto response|
    do not reply to this email|do not reply to this message|please type your reply above this line|
    your request has been received|we have received your request|we have received your email|
    we have received your message|your ticket has been|a ticket has been|ticket has been created|
    a new ticket|your ticket number|your case number|your case has been|has accepted this invitation|
    has declined this invitation|has tentatively accepted this invitation|has accepted your invitation|
    has declined your invitation|accepted your meeting|declined your meeting|
    nicht im büro|nicht im haus|außer haus|im urlaub|abwesenheitsnotiz|automatische antwort|
    ihre anfrage ist bei uns eingegangen|wir haben ihre nachricht erhalten|absent du bureau|
    actuellement absent|actuellement absente|actuellement en congé|réponse automatique|
    fuera de la oficina|de vacaciones|respuesta automática|fuori sede|fuori ufficio|risposta automatica|
    fora do escritório|de férias|resposta automática|niet op kantoor|met vakantie|automatisch antwoord|
    inte på kontoret|på semester|autosvar|ikke på kontoret|på ferie|poza biurem|na urlopie|automatyczna odpowiedź|
    mimo kancelář|na dovolené|szabadságon|в отпуске|автоответ|у відпустці|不在にして|不在通知|休暇中|부재중|外出中|休假
""")

CONFIDENTIAL = _words("""
    confidential|privileged|intended recipient|intended solely|disclaimer|unauthori|vertraulich|confidentiel|
    confidencial|riservat|confidenzial|vertrouwelijk|konfidentiell|fortrolig|luottamuksell|poufn|důvěrn|dôvern|
    bizalmas|confidențial|gizli|εμπιστευτικ|конфиденциальн|конфіденційн|поверител|חסוי|סודי|سري|محرمان|ลับ|
    bảo mật|rahasia|sulit|機密|机密|보密|기밀|保密|秘密|please consider the environment|virus-free|avast|
    registered in england|company registration
""")

# How a line begins that takes back what stands above it. They count alone on their line, too.
REVERSALS = _words("""
    no|nope|nah|not|never|wait|hold on|hold off|hold|stop|actually|actually no|on second thought|on second thoughts|
    scratch that|strike that|never mind|nevermind|ignore that|ignore the above|disregard|forget it|forget that|
    correction|i meant|i mean|i changed my mind|changed my mind|i have changed my mind|i've changed my mind|
    i take it back|i take that back|i don't think|i do not think|i don't approve|i do not approve|i'm not sure|
    i am not sure|i'd rather|i would rather|do not|don't|cannot|can't|can not|must not|mustn't|should not|shouldn't|
    will not|won't|not yet|false|n/a|none|nil|negative|cancel that|cancel this|withdrawn|revoked|
    nein|nicht|doch nicht|lieber nicht|noch nicht|warte|warten sie|moment|halt|stopp|korrektur|vergiss|vergessen sie|
    non|pas|surtout pas|attends|attendez|un instant|finalement|en fait|correction|
    espera|espere|un momento|en realidad|mejor no|todavía no|aún no|
    não|nao|aguarde|na verdade|na realidade|ainda não|melhor não|aspetta|aspetti|in realtà|anzi|non ancora|meglio di no|
    niet|nee|toch niet|nog niet|wacht|eigenlijk|inte|nej|vänta|egentligen|faktiskt|ikke|nei|vent|egentlig|
    ei|odota|odottakaa|itse asiassa|ei vielä|nie|poczekaj|poczekajcie|czekaj|właściwie|jednak nie|jeszcze nie|
    ne|není|počkej|počkejte|vlastně|ještě ne|počkaj|počkajte|vlastne|ešte nie|nem|várj|várjon|mégsem|valójában|
    nu|stai|așteaptă|așteptați|de fapt|încă nu|hayır|değil|bekle|bekleyin|aslında|henüz değil|
    όχι|δεν|μη|μην|περίμενε|περιμένετε|στην πραγματικότητα|όχι ακόμα|нет|не|подожди|подождите|стоп|вообще-то|
    на самом деле|лучше не|ещё нет|еще нет|ні|зачекай|зачекайте|насправді|ще ні|чакай|изчакайте|всъщност|
    čekaj|čekajte|zapravo|nije|počakaj|počakajte|pravzaprav|oota|oodake|tegelikult|palaukite|iš tikrųjų|nē|uzgaidiet|
    patiesībā|ekki|bíddu|reyndar|ez|
    לא|רגע|חכה|חכו|למעשה|בעצם|עדיין לא|לא עדיין|لا|ليس|لم|لن|انتظر|انتظروا|في الواقع|ليس بعد|نه|صبر کن|صبر کنید|
    در واقع|هنوز نه|不行|不同意|不批准|不是|不要|不可以|不对|不對|不能|不通过|不通過|并非|並非|没有|沒有|还没|還沒|等等|
    等一下|稍等|先别|先別|其实|其實|实际上|實際上|いや|いいえ|やっぱり|やはり|実は|待って|待った|お待ち|まだ|ダメ|だめ|
    不可|아니|안 돼|안돼|잠깐|잠시만|사실|아직|ไม่|เดี๋ยวก่อน|รอก่อน|ยังไม่|อย่า|không|khoan|đợi|chờ đã|thực ra|
    chưa|đừng|tidak|bukan|jangan|tunggu|sebenarnya|belum|नहीं|मत|रुको|रुकिए|वास्तव में|अभी नहीं
""")

# How a line begins that makes what stands above it depend on something, or leaves a part of it out.
CONDITIONS = _words("""
    but|however|although|though|yet|except|excepting|unless|until|if|only if|only when|only after|only once|only with|
    only until|only for|only on|only in|only as long as|only provided|only under|only then|not only|provided|providing|
    once|subject to|as long as|so long as|assuming|pending|conditional|conditionally|on condition|on the condition|
    under the condition|in case|apart from|aside from|other than|with the exception|with one exception|instead|
    rather|nevertheless|nonetheless|on the other hand|then again|in principle|maybe|perhaps|probably|minus|i think|
    i guess|i suppose|after|as soon as|until further notice|
    aber|jedoch|allerdings|doch|außer|ausser|es sei denn|sofern|falls|wenn|nur wenn|nur falls|nur unter|nur mit|
    nur nach|nur bis|unter der bedingung|unter der voraussetzung|unter vorbehalt|vorausgesetzt|vorbehaltlich|
    erst wenn|erst nach|erst ab|solange|bis auf|mit ausnahme|statt dessen|stattdessen|eigentlich|sobald|
    mais|si|s'il|sauf|sauf si|à moins|seulement si|seulement|uniquement|à condition|sous réserve|pourvu|cependant|
    toutefois|néanmoins|en revanche|par contre|plutôt|hormis|excepté|tant que|dès que|
    pero|salvo|a menos|excepto|solo si|sólo si|solamente si|solo cuando|sólo cuando|siempre que|siempre y cuando|
    a condición|con la condición|sin embargo|aunque|sujeto a|no obstante|en cambio|
    mas|se|exceto|apenas se|só se|somente se|só quando|desde que|sob a condição|com a condição|no entanto|porém|
    contudo|embora|sujeito a|todavia|
    ma|però|eccetto|tranne|solo se|soltanto se|solo quando|purché|a patto|a condizione|tuttavia|a meno che|a meno|
    maar|als|tenzij|alleen als|alleen wanneer|mits|echter|behalve|op voorwaarde|onder voorbehoud|zolang|pas als|
    men|om|såvida|bara om|endast om|dock|utom|förutom|förutsatt|under förutsättning|så länge|
    hvis|medmindre|med mindre|kun hvis|bare hvis|kun når|dog|undtagen|bortset|forudsat|dersom|unntatt|forutsatt|
    så lenge|
    mutta|jos|ellei|vain jos|kuitenkin|paitsi|edellyttäen|kunhan|
    ale|jeśli|jeżeli|chyba że|pod warunkiem|tylko jeśli|tylko jeżeli|tylko gdy|o ile|jednak|jednakże|oprócz|
    z wyjątkiem|zamiast|pokud|jestli|jestliže|ledaže|pouze pokud|jen pokud|však|nicméně|kromě|s výjimkou|za podmínky|
    za předpokladu|ak|pokiaľ|iba ak|len ak|avšak|okrem|pod podmienkou|s výnimkou|
    de csak|de ha|de nem|de előbb|de még|ha|hacsak|csak ha|csak akkor|csak|kivéve|azonban|viszont|feltéve|amennyiben|
    dar|însă|insa|dacă|daca|decât dacă|doar dacă|numai dacă|cu excepția|cu condiția|totuși|cât timp|
    ama|fakat|ancak|lakin|eğer|yalnızca|sadece|hariç|şartıyla|koşuluyla|
    αλλά|αν|εάν|εκτός|μόνο αν|μόνο εάν|μόνο όταν|ωστόσο|όμως|υπό τον όρο|με την προϋπόθεση|αρκεί|
    но|если|только если|только когда|только после|при условии|кроме|за исключением|однако|хотя|разве что|впрочем|
    пока не|
    але|якщо|лише якщо|тільки якщо|за умови|крім|окрім|за винятком|однак|проте|хоча|
    ако|само ако|освен|при условие|обаче|
    ali samo|ali ne|ali tek|ali prvo|ako|samo ako|osim|pod uvjetom|pod uslovom|međutim|ampak|toda|vendar|če|samo če|
    razen|pod pogojem|aga|kuid|kui|ainult kui|välja arvatud|siiski|tingimusel|bet|jei|jeigu|tik jei|nebent|išskyrus|
    tačiau|su sąlyga|tikai ja|ja vien|izņemot|tomēr|ar nosacījumu|en ef|en ekki|ef|nema|aðeins ef|bara ef|hins vegar|
    baina|baldin|excepte|llevat|només si|sempre que|
    אבל|אם|רק אם|רק כאשר|אלא אם|בתנאי|אולם|חוץ|למעט|בכפוף|ואולם|
    لكن|ولكن|إذا|اذا|إلا|الا|فقط إذا|فقط اذا|بشرط|شرط|ما عدا|باستثناء|غير أن|اما|ولی|اگر|فقط اگر|مگر|به شرط|به جز|
    但|如果|若|除非|只有|只要|不过|不過|然而|可是|仅当|僅當|前提|除了|
    しかし|でも|ただし|だが|ですが|けれど|けど|もし|条件|除いて|
    하지만|그러나|그런데|단|다만|만약|만일|조건부|제외|
    แต่|ถ้า|หาก|เว้นแต่|ยกเว้น|เฉพาะ|อย่างไรก็ตาม|
    nhưng|nếu|trừ khi|chỉ khi|chỉ nếu|tuy nhiên|ngoại trừ|với điều kiện|miễn là|
    tapi|tetapi|namun|jika|kalau|kecuali|hanya jika|hanya kalau|asalkan|dengan syarat|akan tetapi|
    लेकिन|परंतु|परन्तु|किंतु|किन्तु|अगर|यदि|केवल अगर|सिर्फ अगर|जब तक|बशर्ते
""")

# What may stand in front of them without changing what they do.
FILLERS = _words("""
    p.s|ps|p s|n.b|nb|note|edit|update|sorry|oh|oops|hmm|hm|well|um|uh|ah|and|also|so|please|ok|okay|
    und|bitte|ach|et|alors|y|por favor|e|per favore|en|och|og|ja|i|a|și|ve|και|и|та|і
""")

_NOTHING_MORE = (
    r"(?:no|not a|zero)(?: (?:further|other|more|additional|real|major))?"
    r" (?:comments?|objections?|issues?|changes?|problems?|questions?|concerns?|worries|remarks?|notes?|edits?)"
    r"(?: (?:from me|from my side|on my side|from our side|here|at all|whatsoever|needed|required|necessary))*"
)
# Whole sentences that begin like one of them and mean no harm.
HARMLESS = (
    _NOTHING_MORE,
    r"if you (?:have|need) (?:any |anything |some )?(?:other |further |more |else)?(?:questions?|help|details?)?,?"
    r" (?:please )?(?:just )?(?:let me know|call me|ask me|ask|write to me|contact me|get in touch|reach out)",
    r"non executive .*",
    r"(?:no|not a) (?:problem|worries)",
)
HARMLESS_AT = re.compile(rf"{_NOTHING_MORE}(?![^\W_])")
