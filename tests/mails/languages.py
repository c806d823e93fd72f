"""How mail programs speak in 27 languages: what they write around a quote, below a text, and in copied headers."""

# ruff: noqa: E501 - one line per language reads better than eleven
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language's phrases. {who} is our From header, {name} our From name.

    headers: the labels of From, Sent, To and Subject. original: the ruler above a copied mail.
    """

    code: str
    gmail: str
    apple: str
    thunderbird: str
    headers: tuple[str, str, str, str]
    sent: str
    original: str
    iphone: str
    outlook_ios: str
    remark: str
    closing: str


LANGUAGES = (
    Language("en", "On Sun, Nov 22, 2026 at 10:00 AM {who} wrote:", "On Nov 22, 2026, at 10:00 AM, {who} wrote:", "On 11/22/26 10:00, {name} wrote:", ("From", "Sent", "To", "Subject"), "Sunday, November 22, 2026 10:00 AM", "Original message", "Sent from my iPhone", "Get Outlook for iOS", "The second paragraph is too long.", "Best regards,"),
    Language("de", "Am So., 22. Nov. 2026 um 10:00 Uhr schrieb {who}:", "Am 22.11.2026 um 10:00 schrieb {who}:", "Am 22.11.26 um 10:00 schrieb {name}:", ("Von", "Gesendet", "An", "Betreff"), "Sonntag, 22. November 2026 10:00", "Ursprüngliche Nachricht", "Von meinem iPhone gesendet", "Outlook für iOS beziehen", "Der zweite Absatz ist zu lang.", "Mit freundlichen Grüßen"),
    Language("fr", "Le dim. 22 nov. 2026 à 10:00, {who} a écrit :", "Le 22 nov. 2026 à 10:00, {who} a écrit :", "Le 22/11/2026 à 10:00, {name} a écrit :", ("De ", "Envoyé ", "À ", "Objet "), "dimanche 22 novembre 2026 10:00", "Message d'origine", "Envoyé de mon iPhone", "Télécharger Outlook pour iOS", "Le deuxième paragraphe est trop long.", "Cordialement,"),
    Language("es", "El dom, 22 nov 2026 a las 10:00, {who} escribió:", "El 22 nov 2026, a las 10:00, {who} escribió:", "El 22/11/26 a las 10:00, {name} escribió:", ("De", "Enviado", "Para", "Asunto"), "domingo, 22 de noviembre de 2026 10:00", "Mensaje original", "Enviado desde mi iPhone", "Obtener Outlook para iOS", "El segundo párrafo es demasiado largo.", "Saludos cordiales,"),
    Language("it", "Il giorno dom 22 nov 2026 alle ore 10:00 {who} ha scritto:", "Il giorno 22 nov 2026, alle ore 10:00, {who} ha scritto:", "Il 22/11/26 10:00, {name} ha scritto:", ("Da", "Inviato", "A", "Oggetto"), "domenica 22 novembre 2026 10:00", "Messaggio originale", "Inviato da iPhone", "Ottieni Outlook per iOS", "Il secondo paragrafo è troppo lungo.", "Cordiali saluti,"),
    Language("pt", "Em dom., 22 de nov. de 2026 às 10:00, {who} escreveu:", "Em 22 de nov. de 2026, à(s) 10:00, {who} escreveu:", "Em 22/11/2026 10:00, {name} escreveu:", ("De", "Enviado", "Para", "Assunto"), "domingo, 22 de novembro de 2026 10:00", "Mensagem original", "Enviado do meu iPhone", "Obter o Outlook para iOS", "O segundo parágrafo é longo demais.", "Atenciosamente,"),
    Language("nl", "Op zo 22 nov 2026 om 10:00 schreef {who}:", "Op 22 nov. 2026 om 10:00 heeft {who} het volgende geschreven:", "Op 22-11-2026 om 10:00 schreef {name}:", ("Van", "Verzonden", "Aan", "Onderwerp"), "zondag 22 november 2026 10:00", "Oorspronkelijk bericht", "Verstuurd vanaf mijn iPhone", "Outlook voor iOS downloaden", "De tweede alinea is te lang.", "Met vriendelijke groet,"),
    Language("sv", "Den sön 22 nov. 2026 kl 10:00 skrev {who}:", "22 nov. 2026 kl. 10:00 skrev {who}:", "Den 2026-11-22 kl. 10:00, skrev {name}:", ("Från", "Skickat", "Till", "Ämne"), "den 22 november 2026 10:00", "Originalmeddelande", "Skickat från min iPhone", "Hämta Outlook för iOS", "Det andra stycket är för långt.", "Vänliga hälsningar,"),
    Language("da", "Den søn. 22. nov. 2026 kl. 10.00 skrev {who}:", "Den 22. nov. 2026 kl. 10.00 skrev {who}:", "Den 22.11.2026 kl. 10.00 skrev {name}:", ("Fra", "Sendt", "Til", "Emne"), "22. november 2026 10:00", "Oprindelig besked", "Sendt fra min iPhone", "Hent Outlook til iOS", "Andet afsnit er for langt.", "Med venlig hilsen"),
    Language("nb", "søn. 22. nov. 2026 kl. 10:00 skrev {who}:", "22. nov. 2026 kl. 10:00 skrev {who}:", "Den 22.11.2026 10:00, skrev {name}:", ("Fra", "Sendt", "Til", "Emne"), "søndag 22. november 2026 10:00", "Opprinnelig melding", "Sendt fra min iPhone", "Få Outlook for iOS", "Det andre avsnittet er for langt.", "Vennlig hilsen"),
    Language("fi", "su 22. marrask. 2026 klo 10.00 {who} kirjoitti:", "{who} kirjoitti 22.11.2026 kello 10.00:", "{name} kirjoitti 22.11.2026 klo 10.00:", ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"), "sunnuntai 22. marraskuuta 2026 10.00", "Alkuperäinen viesti", "Lähetetty iPhonesta", "Hanki Outlook for iOS", "Toinen kappale on liian pitkä.", "Ystävällisin terveisin"),
    Language("pl", "niedz., 22 lis 2026 o 10:00 {who} napisał(a):", "Wiadomość napisana przez {who} w dniu 22 lis 2026, o godz. 10:00:", "W dniu 22.11.2026 o 10:00, {name} pisze:", ("Od", "Wysłano", "Do", "Temat"), "niedziela, 22 listopada 2026 10:00", "Oryginalna wiadomość", "Wysłane z iPhone'a", "Pobierz program Outlook dla systemu iOS", "Drugi akapit jest za długi.", "Pozdrawiam"),
    Language("cs", "ne 22. 11. 2026 v 10:00 odesílatel {who} napsal:", "22. 11. 2026 v 10:00, {who}:", "Dne 22. 11. 26 v 10:00 {name} napsal(a):", ("Od", "Odesláno", "Komu", "Předmět"), "neděle 22. listopadu 2026 10:00", "Původní zpráva", "Odesláno z iPhonu", "Získat Outlook pro iOS", "Druhý odstavec je příliš dlouhý.", "S pozdravem"),
    Language("hu", "{who} ezt írta (időpont: 2026. nov. 22., V, 10:00):", "2026. nov. 22. dátummal, 10:00 időpontban {who} írta:", "2026. 11. 22. 10:00 keltezéssel, {name} írta:", ("Feladó", "Elküldve", "Címzett", "Tárgy"), "2026. november 22., vasárnap 10:00", "Eredeti üzenet", "Elküldve az iPhone-omról", "Az Outlook beszerzése iOS-re", "A második bekezdés túl hosszú.", "Üdvözlettel,"),
    Language("ro", "În dum., 22 nov. 2026 la 10:00, {who} a scris:", "Pe 22 nov. 2026, la 10:00, {who} a scris:", "Pe 22.11.2026 10:00, {name} a scris:", ("De la", "Trimis", "Către", "Subiect"), "duminică, 22 noiembrie 2026 10:00", "Mesaj original", "Trimis de pe iPhone", "Obțineți Outlook pentru iOS", "Al doilea paragraf este prea lung.", "Cu stimă,"),
    Language("tr", "{who}, 22 Kas 2026 Paz, 10:00 tarihinde şunu yazdı:", "{who} şunları yazdı (22 Kas 2026 10:00):", "22.11.2026 10:00 tarihinde {name} yazdı:", ("Gönderen", "Gönderildi", "Kime", "Konu"), "22 Kasım 2026 Pazar 10:00", "Özgün ileti", "iPhone'umdan gönderildi", "iOS için Outlook'u edinin", "İkinci paragraf çok uzun.", "Saygılarımla"),
    Language("el", "Στις Κυρ 22 Νοε 2026 στις 10:00 π.μ., ο χρήστης {who} έγραψε:", "Στις 22 Νοε 2026, στις 10:00, ο χρήστης {who} έγραψε:", "Στις 22/11/26 10:00, ο/η {name} έγραψε:", ("Από", "Στάλθηκε", "Προς", "Θέμα"), "Κυριακή 22 Νοεμβρίου 2026 10:00", "Αρχικό μήνυμα", "Στάλθηκε από το iPhone μου", "Λήψη του Outlook για iOS", "Η δεύτερη παράγραφος είναι πολύ μεγάλη.", "Με εκτίμηση,"),
    Language("ru", "вс, 22 нояб. 2026 г. в 10:00, {who}:", "22 нояб. 2026 г., в 10:00, {who} написал(а):", "22.11.2026 10:00, {name} пишет:", ("От", "Отправлено", "Кому", "Тема"), "22 ноября 2026 г. 10:00", "Исходное сообщение", "Отправлено с iPhone", "Скачать Outlook для iOS", "Второй абзац слишком длинный.", "С уважением,"),
    Language("uk", "нд, 22 лист. 2026 р. о 10:00 {who} пише:", "22 лист. 2026 р. о 10:00 {who} написав:", "22.11.26 10:00, {name} пише:", ("Від", "Надіслано", "Кому", "Тема"), "неділя, 22 листопада 2026 р. 10:00", "Оригінальне повідомлення", "Надіслано з iPhone", "Отримати Outlook для iOS", "Другий абзац задовгий.", "З повагою,"),
    Language("he", "‫בתאריך יום א׳, 22 בנוב׳ 2026 ב-10:00 מאת ‪{who}‬‏:‬", "ב-22 בנוב׳ 2026, בשעה 10:00, {who} כתב/ה:", "ב־22/11/2026 בשעה 10:00 {name} כתב:", ("מאת", "נשלח", "אל", "נושא"), "יום ראשון 22 נובמבר 2026 10:00", "הודעה מקורית", "נשלח מה-iPhone שלי", "השג את Outlook עבור iOS", "הפסקה השנייה ארוכה מדי.", "בברכה,"),
    Language("ar", "في الأحد، 22 نوفمبر 2026 في 10:00 ص تمت كتابة ما يلي بواسطة ‪{who}‬‏:", "في ٢٢ نوفمبر ٢٠٢٦، الساعة ١٠:٠٠ ص، كتب {who}:", "في 22/11/2026 10:00، كتب {name}:", ("من", "تاريخ الإرسال", "إلى", "الموضوع"), "الأحد، 22 نوفمبر 2026 10:00", "الرسالة الأصلية", "أُرسلت من الـ iPhone", "الحصول على Outlook لـ iOS", "الفقرة الثانية طويلة جدا.", "مع أطيب التحيات"),
    Language("ja", "2026年11月22日(日) 10:00 {who}:", "2026/11/22 10:00、{who}のメール:", "On 2026/11/22 10:00, {name} wrote:", ("差出人", "送信日時", "宛先", "件名"), "2026年11月22日日曜日 10:00", "元のメッセージ", "iPhoneから送信", "iOS 版の Outlook を入手", "第二段落が長すぎます。", "よろしくお願いいたします。"),
    Language("ko", "2026년 11월 22일 (일) 오전 10:00, {who}님이 작성:", "2026. 11. 22. 오전 10:00, {who} 작성:", "26. 11. 22. 10:00에 {name} 이(가) 쓴 글:", ("보낸 사람", "보낸 날짜", "받는 사람", "제목"), "2026년 11월 22일 일요일 10:00", "원본 이메일", "나의 iPhone에서 보냄", "iOS용 Outlook 다운로드", "두 번째 단락이 너무 깁니다.", "감사합니다."),
    Language("zh-CN", "{who} 于2026年11月22日周日 10:00写道：", "2026年11月22日 10:00，{who} 写道：", "在 2026/11/22 10:00, {name} 写道:", ("发件人", "发送时间", "收件人", "主题"), "2026年11月22日 10:00", "原始邮件", "发自我的iPhone", "获取适用于 iOS 的 Outlook", "第二段太长了。", "此致"),
    Language("zh-TW", "{who} 於 2026年11月22日 週日 上午10:00寫道：", "{who} 於 2026年11月22日 上午10:00 寫道：", "{name} 於 2026/11/22 10:00 寫道:", ("寄件者", "寄件日期", "收件者", "主旨"), "2026年11月22日 上午 10:00", "原始郵件", "從我的 iPhone 傳送", "取得 iOS 版 Outlook", "第二段太長了。", "敬祝"),
    Language("th", "ในวันที่ อา. 22 พ.ย. 2026 เวลา 10:00 {who} เขียนว่า:", "เมื่อวันที่ 22 พ.ย. 2026 เวลา 10:00 {who} เขียนว่า:", "เมื่อ 22/11/26 10:00, {name} เขียนว่า:", ("จาก", "ส่ง", "ถึง", "เรื่อง"), "วันอาทิตย์ที่ 22 พฤศจิกายน 2026 10:00", "ข้อความต้นฉบับ", "ส่งจาก iPhone ของฉัน", "ดาวน์โหลด Outlook สำหรับ iOS", "ย่อหน้าที่สองยาวเกินไป", "ขอแสดงความนับถือ"),
    Language("vi", "Vào CN, 22 thg 11, 2026 vào lúc 10:00 {who} đã viết:", "Vào 22 thg 11, 2026, lúc 10:00, {who} đã viết:", "Vào 22/11/26 10:00, {name} đã viết:", ("Từ", "Đã gửi", "Đến", "Chủ đề"), "Chủ Nhật, 22 tháng 11, 2026 10:00", "Thư gốc", "Đã gửi từ iPhone của tôi", "Tải Outlook cho iOS", "Đoạn thứ hai quá dài.", "Trân trọng,"),
    Language("id", "Pada Min, 22 Nov 2026 pukul 10.00 {who} menulis:", "Pada 22 Nov 2026, pukul 10.00, {who} menulis:", "Pada 22/11/26 10:00, {name} menulis:", ("Dari", "Dikirim", "Kepada", "Subjek"), "Minggu, 22 November 2026 10:00", "Pesan asli", "Dikirim dari iPhone saya", "Dapatkan Outlook untuk iOS", "Paragraf kedua terlalu panjang.", "Hormat kami,"),
)  # fmt: skip
