"""School subjects: all that KIM lists, and those of schools in these islands that it does not know."""

from typing import Final

import msgspec

_KIM_SUBJECTS: Final = "http://w3id.org/kim/schulfaecher"
_OAK: Final = "https://w3id.org/uk/oak/curriculum/nationalcurriculum"


class Subject(msgspec.Struct, frozen=True):
    """`kim` is the concept AMB knows, `target_url` the one of England's national curriculum."""

    slug: str
    label: str
    kim: str | None = None
    target_url: str | None = None


# Slug, label, number in KIM's list, name in Oak's list.
_SUBJECT_ROWS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("mathematics", "Mathematics", "s1017", "mathematics"),
    ("english", "English", "s1007", "english"),
    ("phonics", "Phonics and early reading", "", ""),
    ("science", "Science", "s1052", ""),
    ("biology", "Biology", "s1001", "biology"),
    ("chemistry", "Chemistry", "s1002", "chemistry"),
    ("physics", "Physics", "s1022", "physics"),
    ("astronomy", "Astronomy", "s1040", ""),
    ("stem", "STEM", "s1019", ""),
    ("computing", "Computing", "s1013", "computing"),
    ("design-and-technology", "Design and technology", "s1059", "design-and-technology"),
    ("food-and-nutrition", "Food and nutrition", "s1044", "food-and-nutrition"),
    ("home-economics", "Home economics", "s1047", ""),
    ("textiles", "Textiles", "s1060", ""),
    ("history", "History", "s1011", "history"),
    ("geography", "Geography", "s1010", "geography"),
    ("humanities", "Humanities", "s1042", ""),
    ("religious-education", "Religious education", "s1055", ""),
    ("citizenship", "Citizenship", "s1023", "citizenship"),
    ("pshe", "PSHE", "", ""),
    ("health", "Health and wellbeing", "s1012", ""),
    ("relationships-and-sex-education", "Relationships and sex education", "s1029", ""),
    ("art-and-design", "Art and design", "s1015", "art-and-design"),
    ("music", "Music", "s1020", "music"),
    ("drama", "Drama", "s1004", ""),
    ("dance", "Dance", "", ""),
    ("physical-education", "Physical education", "s1031", "physical-education"),
    ("languages", "Languages", "s1050", "languages"),
    ("french", "French", "s1009", ""),
    ("german", "German", "s1005", ""),
    ("spanish", "Spanish", "s1030", ""),
    ("italian", "Italian", "s1014", ""),
    ("portuguese", "Portuguese", "s1038", ""),
    ("polish", "Polish", "s1037", ""),
    ("russian", "Russian", "s1027", ""),
    ("turkish", "Turkish", "s1032", ""),
    ("mandarin", "Chinese (Mandarin)", "s1003", ""),
    ("japanese", "Japanese", "s1035", ""),
    ("arabic", "Arabic", "", ""),
    ("urdu", "Urdu", "", ""),
    ("hebrew", "Hebrew", "s1034", ""),
    ("modern-greek", "Modern Greek", "s1036", ""),
    ("latin", "Latin", "s1016", ""),
    ("ancient-greek", "Ancient Greek", "s1000", ""),
    ("classics", "Classical civilisation", "", ""),
    ("welsh", "Welsh", "", ""),
    ("gaelic", "Gaelic", "", ""),
    ("irish", "Irish", "", ""),
    ("british-sign-language", "British Sign Language", "", ""),
    ("english-as-an-additional-language", "English as an additional language", "", ""),
    ("business", "Business", "", ""),
    ("economics", "Economics", "s1033", ""),
    ("law", "Law", "s1054", ""),
    ("politics", "Politics", "s1023", ""),
    ("psychology", "Psychology", "s1043", ""),
    ("sociology", "Sociology", "", ""),
    ("philosophy", "Philosophy", "s1021", ""),
    ("ethics", "Ethics", "s1008", ""),
    ("media-studies", "Media studies", "s1046", ""),
    ("photography", "Photography", "", ""),
    ("careers", "Careers", "s1049", ""),
    ("special-educational-needs", "Special educational needs", "", ""),
    ("assembly", "Assembly", "", ""),
    ("whole-school", "Whole school and leadership", "", ""),
    ("german-as-a-second-language", "German as a second language", "s1006", ""),
    ("german-sign-language", "German Sign Language", "s1041", ""),
    ("low-german", "Low German", "s1053", ""),
    ("sorbian", "Sorbian", "s1039", ""),
    ("heritage-languages", "Home and heritage languages", "s1051", ""),
    ("primary-topic-work", "Topic work (primary)", "s1028", ""),
    ("social-studies", "Social studies", "s1058", ""),
    ("work-and-technology", "Work and technology", "s1048", ""),
    ("crafts", "Crafts and making", "s1061", ""),
    ("education", "Education", "s1045", ""),
    ("religious-education-alevi", "Religious education (Alevi)", "s1056", ""),
    ("religious-education-catholic", "Religious education (Catholic)", "s1026", ""),
    ("religious-education-islamic", "Religious education (Islamic)", "s1025", ""),
    ("religious-education-jewish", "Religious education (Jewish)", "s1057", ""),
    ("religious-education-protestant", "Religious education (Protestant)", "s1024", ""),
    ("other", "Other", "", ""),
)
SUBJECTS: Final = tuple(
    Subject(
        slug=slug,
        label=label,
        kim=f"{_KIM_SUBJECTS}/{kim}" if kim else None,
        target_url=f"{_OAK}/subject-{oak}" if oak else None,
    )
    for slug, label, kim, oak in _SUBJECT_ROWS
)

SUBJECTS_BY_SLUG: Final = {entry.slug: entry for entry in SUBJECTS}
_BY_LABEL: Final = {entry.label.casefold(): entry for entry in SUBJECTS}
_BY_URL: Final = {url: entry for entry in reversed(SUBJECTS) for url in (entry.kim, entry.target_url) if url}


def subject(slug: str) -> Subject | None:
    return SUBJECTS_BY_SLUG.get(slug)


def subject_by_label(label: str) -> Subject | None:
    return _BY_LABEL.get(" ".join(label.split()).casefold())


def subject_by_url(url: str) -> Subject | None:
    """By its address in KIM's or Oak's list. Politics and citizenship are one in KIM's: the first of ours is meant."""
    return _BY_URL.get(url.replace("https://w3id.org/kim/schulfaecher", _KIM_SUBJECTS, 1))
