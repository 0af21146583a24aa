"""The attack corpus: every row of it by its id, in a few words, with the tests that fire it, or why there is none yet.

A test is named by its file under tests/ and its function. Where nothing of the product could be attacked in that way,
`missing` says what would have to be there first; a row with both is fired as far as there is a subject.
"""

from typing import Final, NamedTuple

GROUPS: Final = {
    "SIG": 26, "ORG": 32, "SSRF": 14, "DOS": 30, "XSS": 14, "MED": 12, "VIS": 13, "MOD": 11, "AUTH": 22, "SEQ": 8,
}  # fmt: skip


class Row(NamedTuple):
    id: str
    what: str
    tests: tuple[str, ...]
    missing: str = ""


SIGN: Final = "attack/test_signatures.py::"
SIGN_ROWS: Final = f"{SIGN}test_a_request_that_proves_nothing_changes_nothing"
FROM: Final = "attack/test_origins.py::"
FROM_ROWS: Final = f"{FROM}test_nobody_speaks_for_another"
FETCH: Final = "attack/test_fetches.py::"
WAYS_IN: Final = f"{FETCH}test_ssrf_07_no_way_in_leads_to_a_private_address"
MUCH: Final = "attack/test_exhaustion.py::"
MUCH_ROWS: Final = f"{MUCH}test_a_body_that_is_no_json_we_take_is_refused_quickly"
PAGES: Final = "attack/test_pages.py::"
FILES: Final = "attack/test_files.py::"
SIGHT: Final = "attack/test_sight.py::"
RULES: Final = "attack/test_moderation.py::"
DOORS: Final = "attack/test_accounts.py::"
ORDER: Final = "attack/test_order.py::"
TABLE: Final = "api/test_table.py::"
APPS: Final = "api/test_apps.py::"
CONSENT: Final = "api/test_authorize.py::"
CODES: Final = "api/test_oauth.py::"

NO_MAIL: Final = "The node sends and reads no mail."
NO_STREAMS: Final = "There are no streams; every page is asked for anew, with the rights of that moment."
NO_IMPORT: Final = "Nothing is imported: no archives, no feeds."

CORPUS: Final = (
    Row("SIG-01", "no signature", (SIGN_ROWS,)),
    Row("SIG-02", "a signature header that cannot be read", (SIGN_ROWS,)),
    Row("SIG-03", "the request target is not signed", (SIGN_ROWS,)),
    Row("SIG-04", "no time is signed", (SIGN_ROWS,)),
    Row("SIG-05", "the digest of the body is not signed", (SIGN_ROWS,)),
    Row("SIG-06", "another body than the one signed", (SIGN_ROWS,)),
    Row("SIG-07", "a header that came twice", (SIGN_ROWS,)),
    Row("SIG-08", "a request captured on its way to somebody else", (SIGN_ROWS,)),
    Row(
        "SIG-09",
        "a request target with a host of its own",
        (SIGN_ROWS, "inbox/test_inboxes.py::test_sig_09_the_target_is_a_path"),
    ),
    Row(
        "SIG-10",
        "signed for another inbox",
        (SIGN_ROWS, f"{ORDER}test_sig_17_what_was_captured_is_worth_nothing_at_another_door_or_later"),
    ),
    Row("SIG-11", "signed hours ago or ahead", (SIGN_ROWS,)),
    Row("SIG-12", "times in the signature that cannot be", (SIGN_ROWS, f"{SIGN}test_sig_12_good_times_are_taken")),
    Row("SIG-13", "no, weak or unknown algorithms", (SIGN_ROWS,)),
    Row(
        "SIG-14",
        "a good signature of the wrong person",
        (SIGN_ROWS, "inbox/test_receive.py::test_sig_14_nobody_acts_for_another"),
    ),
    Row(
        "SIG-15",
        "a key that claims an owner who does not show it",
        (f"{SIGN}test_sig_15_a_key_that_only_claims_an_owner_is_not_kept",),
    ),
    Row("SIG-16", "the signature in another header", (SIGN_ROWS,)),
    Row(
        "SIG-17",
        "the same request again, once and fifty times at once",
        (
            f"{SIGN}test_sig_17_a_request_sent_again_and_again_has_one_effect",
            f"{ORDER}test_sig_17_what_was_captured_is_worth_nothing_at_another_door_or_later",
        ),
    ),
    Row("SIG-18", "RFC 9421 with parts missing, doubled, flagged or unknown", (SIGN_ROWS,)),
    Row("SIG-19", "a compressed body", (SIGN_ROWS,)),
    Row(
        "SIG-20",
        "keys that are weak, huge, private, many or none",
        (
            f"{SIGN}test_sig_20_a_key_that_is_weak_or_no_key_is_refused",
            f"{SIGN}test_sig_20_of_fifty_keys_the_last_is_none",
            "net/test_keys.py::test_a_key_that_is_weak_or_not_a_public_rsa_key_is_refused_at_once",
        ),
    ),
    Row("SIG-21", "lists of signed headers with repeats, case, folds and controls", (SIGN_ROWS,)),
    Row("SIG-22", "a flood of unknown keys", (f"{SIGN}test_sig_22_a_flood_of_unknown_keys_is_slowed_down",)),
    Row(
        "SIG-23",
        "another's key under one's own name, and the reverse",
        (f"{SIGN}test_sig_23_nobody_takes_over_the_key_of_another",),
    ),
    Row(
        "SIG-24", "an old key after it was replaced", (f"{SIGN}test_sig_24_a_key_that_was_replaced_is_looked_up_once",)
    ),
    Row("SIG-25", "a key past its end", (f"{SIGN}test_sig_25_a_key_that_has_ended_is_none",)),
    Row(
        "SIG-26",
        "a key whose server is gone, lost or broken",
        (f"{SIGN}test_sig_26_what_the_server_of_the_key_answers_decides",),
    ),
    Row("ORG-01", "an activity's id on another server", (FROM_ROWS,)),
    Row("ORG-02", "an object of another server, brought along", (FROM_ROWS,)),
    Row("ORG-03", "a post in another's name, or another's post", (FROM_ROWS,)),
    Row("ORG-04", "ids that are none", (FROM_ROWS,)),
    Row("ORG-05", "an edit of another's post", (FROM_ROWS,)),
    Row("ORG-06", "an edit of who wrote it, when, or for whom", (f"{FROM}test_org_06_an_edit_changes_words_only",)),
    Row("ORG-07", "a deletion of what is another's", (FROM_ROWS,)),
    Row("ORG-08", "an answer to a Follow by somebody who was not asked", (FROM_ROWS,)),
    Row(
        "ORG-09",
        "an answer to a Follow that was never sent",
        (FROM_ROWS, f"{ORDER}test_seq_03_an_answer_to_what_was_never_asked_is_none"),
    ),
    Row(
        "ORG-10",
        "a Move that one side does not know of, in circles, too often, or into a blocked domain",
        (
            FROM_ROWS,
            f"{FROM}test_org_10_a_second_move_within_days_is_ignored",
            f"{RULES}test_mod_04_a_friend_carries_nothing_in_from_a_blocked_domain",
        ),
    ),
    Row(
        "ORG-11",
        "a boost with its own version of the post",
        (
            f"{FROM}test_org_11_of_what_is_announced_only_the_address_counts",
            "inbox/test_links.py::test_what_nobody_vouches_for_is_passed_on_by_its_address_alone",
            "inbox/test_links.py::test_a_deletion_that_its_author_does_not_confirm_goes_nowhere",
        ),
    ),
    Row("ORG-12", "a document that names another address", (f"{FROM}test_org_12_a_document_may_point_on_once",)),
    Row(
        "ORG-13",
        "a redirect to another server that speaks for the first",
        (f"{FROM}test_org_13_a_redirect_to_another_host_proves_nothing",),
    ),
    Row(
        "ORG-14",
        "an upload or page served as a document",
        (
            f"{FROM}test_org_14_a_document_of_another_type_is_none",
            f"{PAGES}test_xss_13_an_upload_is_data_and_nothing_else",
        ),
    ),
    Row(
        "ORG-15",
        "a page that links to a document of another server",
        (f"{FROM}test_org_15_a_page_leads_to_no_other_server",),
    ),
    Row(
        "ORG-16",
        "an actor whose inbox or lists are elsewhere",
        (f"{FROM}test_org_16_an_actor_lives_in_one_place", f"{FROM}test_org_16_a_shared_inbox_elsewhere_is_left_out"),
    ),
    Row(
        "ORG-17",
        "WebFinger that claims another's name",
        (
            f"{FROM}test_org_17_a_name_at_another_server_needs_that_servers_word",
            "net/test_webfinger.py::test_org_17_a_stolen_subject_is_shown_under_the_thiefs_own_name",
        ),
    ),
    Row(
        "ORG-18",
        "WebFinger in chains, across servers, or unreadable",
        (
            f"{FROM}test_org_18_a_handle_that_does_not_lead_straight_is_not_found",
            f"{FROM}test_org_18_a_redirect_of_a_handle_across_hosts_is_not_followed_blindly",
        ),
    ),
    Row(
        "ORG-19",
        "a new actor under an old name",
        (
            f"{FROM}test_org_19_a_new_actor_under_an_old_name_inherits_nothing",
            "services/test_people.py::test_a_name_is_never_given_out_twice",
        ),
    ),
    Row(
        "ORG-20",
        "a new key in a pushed profile",
        (FROM_ROWS, "inbox/test_people.py::test_org_20_a_changed_profile_is_fetched_and_not_taken_from_the_activity"),
    ),
    Row("ORG-21", "objects under our own addresses", (FROM_ROWS,)),
    Row(
        "ORG-22",
        "our own host in other spellings",
        (FROM_ROWS, "core/test_uris.py::test_our_host_is_ours_however_it_is_written"),
    ),
    Row("ORG-23", "quotes and their stamps, forged or early", (FROM_ROWS,)),
    Row("ORG-24", "votes and tallies of polls", (FROM_ROWS,)),
    Row("ORG-25", "a collection posted to an inbox", (FROM_ROWS,)),
    Row("ORG-26", "linked-data signatures and re-arranged graphs", (FROM_ROWS,)),
    Row(
        "ORG-27",
        "proofs by other keys, on inner objects, doubled",
        (
            FROM_ROWS,
            "inbox/test_receive.py::test_org_27_a_proof_that_does_not_fit_proves_nothing",
            "net/test_proofs.py::test_a_proof_of_the_inner_object_only_is_none",
        ),
    ),
    Row("ORG-28", "contexts that rename terms, or are missing", (FROM_ROWS,)),
    Row(
        "ORG-29",
        "a JSON key that comes twice",
        (FROM_ROWS, "core/test_json.py::test_what_could_be_read_in_two_ways_or_never_ends_is_refused_at_once"),
    ),
    Row(
        "ORG-30",
        "reports that name private posts, strangers or thousands",
        (FROM_ROWS, f"{FROM}test_org_30_a_report_shows_no_private_post_to_anybody"),
    ),
    Row("ORG-31", "Follow, Block and Like of nobody", (FROM_ROWS,)),
    Row("ORG-32", "one name in two cases", (f"{FROM}test_org_32_one_name_in_two_cases_is_one_person",)),
    Row(
        "SSRF-01",
        "IPv4 addresses off the public internet",
        (WAYS_IN, "net/test_client.py::test_ssrf_01_odd_spellings_of_a_closed_address_are_refused"),
    ),
    Row("SSRF-02", "IPv6 addresses off the public internet, and IPv4 dressed as IPv6", (WAYS_IN,)),
    Row(
        "SSRF-03",
        "names that lead to private addresses",
        (f"{FETCH}test_ssrf_03_a_name_may_not_lead_to_a_private_address",),
    ),
    Row(
        "SSRF-04",
        "names that change their mind",
        (
            f"{FETCH}test_ssrf_04_a_name_that_changes_its_mind_gets_nowhere",
            f"{FETCH}test_ssrf_04_a_delivery_that_changes_its_mind_gets_nowhere",
        ),
    ),
    Row(
        "SSRF-05",
        "redirects to private addresses",
        (f"{FETCH}test_ssrf_05_a_redirect_may_not_lead_to_a_private_address",),
    ),
    Row(
        "SSRF-06",
        "redirects to other schemes, or to nowhere",
        (f"{FETCH}test_ssrf_06_a_redirect_keeps_to_https", f"{FETCH}test_ssrf_06_a_relative_redirect_is_fine"),
    ),
    Row(
        "SSRF-07",
        "every way in",
        (WAYS_IN, "net/test_client.py::test_ssrf_07_only_the_client_opens_sessions"),
        "Feeds, link previews, webhooks, push, single sign-on and relays are not there, so they are no ways in.",
    ),
    Row(
        "SSRF-08",
        "ports of other services",
        (WAYS_IN, "net/test_client.py::test_ssrf_08_other_ports_than_443_are_refused"),
    ),
    Row(
        "SSRF-09",
        "line ends and spaces in addresses",
        (WAYS_IN, "net/test_client.py::test_ssrf_09_characters_that_split_requests_are_refused"),
    ),
    Row(
        "SSRF-10",
        "names that are not on the public internet, or no names",
        (WAYS_IN, "net/test_client.py::test_ssrf_10_names_off_the_public_internet_are_refused"),
    ),
    Row("SSRF-11", "ourselves", (WAYS_IN, "net/test_client.py::test_ssrf_11_we_do_not_ask_ourselves")),
    Row(
        "SSRF-12",
        "certificates that do not fit",
        (f"{FETCH}test_ssrf_12_a_server_that_cannot_prove_its_name_gets_nothing",),
    ),
    Row("SSRF-13", "a proxy in the environment", (f"{FETCH}test_ssrf_13_a_proxy_in_the_environment_is_not_used",)),
    Row(
        "SSRF-14",
        "a proxy for pictures that fetches itself",
        (f"{FETCH}test_ssrf_14_nothing_of_ours_fetches_what_anybody_asks_for",),
        "There is no proxy for other people's pictures.",
    ),
    Row("DOS-01", "a length over the limit", (f"{MUCH}test_dos_01_a_body_that_says_it_is_too_long_is_not_read",)),
    Row(
        "DOS-02",
        "a body without a length that does not end",
        (f"{MUCH}test_dos_02_a_body_without_a_length_is_read_up_to_a_megabyte",),
    ),
    Row("DOS-03", "a body that trickles", (f"{MUCH}test_dos_03_a_body_that_only_trickles_is_not_waited_for",)),
    Row(
        "DOS-04",
        "idle connections, and headers that never end",
        (f"{MUCH}test_dos_04_idle_connections_are_closed_and_keep_nobody_out",),
    ),
    Row(
        "DOS-05",
        "one server that never stops",
        (
            f"{MUCH}test_dos_05_one_loud_server_silences_nobody",
            f"{MUCH}test_dos_05_more_bodies_than_fit_into_the_memory_have_to_come_again",
        ),
    ),
    Row(
        "DOS-06",
        "a document that swells when it is unpacked",
        (
            f"{MUCH}test_dos_06_a_document_that_swells_is_dropped",
            "net/test_client.py::test_dos_06_a_compressed_bomb_ends_at_the_limit",
        ),
    ),
    Row("DOS-07", "a document that drips", ("net/test_client.py::test_dos_07_a_dripping_answer_ends_in_time",)),
    Row("DOS-08", "a document of endless length", (f"{MUCH}test_dos_08_a_length_that_cannot_be_is_not_waited_for",)),
    Row(
        "DOS-09",
        "redirects in circles",
        (
            f"{MUCH}test_dos_09_a_circle_of_redirects_ends_after_three",
            "net/test_client.py::test_dos_09_at_most_three_redirects_are_followed",
        ),
    ),
    Row("DOS-10", "JSON without a bottom", (MUCH_ROWS,)),
    Row("DOS-11", "numbers that are none, or have no end", (MUCH_ROWS,)),
    Row(
        "DOS-12",
        "characters that are none",
        (
            MUCH_ROWS,
            f"{MUCH}test_dos_12_a_nul_in_an_address_breaks_nothing",
            f"{MUCH}test_dos_12_a_nul_in_a_form_breaks_nothing",
        ),
    ),
    Row("DOS-13", "endless lists", (f"{MUCH}test_dos_13_endless_lists_are_cut_or_refused",)),
    Row(
        "DOS-14",
        "a thousand mentions on a thousand servers",
        (f"{MUCH}test_dos_14_a_thousand_mentions_are_looked_up_by_nobody",),
    ),
    Row(
        "DOS-15",
        "threads without end",
        (
            f"{MUCH}test_dos_15_an_endless_thread_over_endless_servers_ends",
            "inbox/test_resolve.py::test_dos_15_an_endless_thread_ends",
            f"{RULES}test_mod_11_a_domain_with_servers_without_end_is_one_domain",
        ),
    ),
    Row(
        "DOS-16",
        "collections without end",
        (
            WAYS_IN,
            "inbox/test_crawl.py::test_dos_16_a_list_without_end_comes_to_one",
            "inbox/test_crawl.py::test_dos_16_a_list_that_leads_to_itself_or_to_us_ends_there",
            "inbox/test_crawl.py::test_pages_that_lead_round_in_circles_come_to_an_end",
        ),
    ),
    Row(
        "DOS-17",
        "boosts of boosts of boosts",
        (
            f"{MUCH}test_dos_17_a_boost_of_a_boost_of_a_boost_is_none",
            "inbox/test_rooms.py::test_an_announcement_of_an_announcement_leads_nowhere",
            "inbox/test_links.py::test_what_comes_by_a_link_is_passed_on_once_as_it_came",
            "live/test_links.py::test_in_a_ring_of_four_everything_is_everywhere_once",
        ),
    ),
    Row(
        "DOS-18",
        "HTML nested without end",
        ("domain/test_html.py::test_what_would_cost_too_much_comes_out_as_plain_text",),
    ),
    Row(
        "DOS-19",
        "HTML that grows when it is cleaned",
        (
            "domain/test_html.py::test_what_would_cost_too_much_comes_out_as_plain_text",
            "domain/test_html.py::test_soup_by_the_kilobyte_stays_within_the_cap_and_the_same",
        ),
    ),
    Row(
        "DOS-20",
        "texts that are slow to read",
        ("domain/test_markup.py::test_a_hostile_text_of_full_size_is_not_parsed_but_shown",),
    ),
    Row("DOS-21", "a profile of megabytes", (f"{MUCH}test_dos_21_an_endless_profile_is_cut_or_refused",)),
    Row(
        "DOS-22",
        "servers without end to keep in mind",
        (
            "services/test_housekeeping.py::test_dos_22_servers_that_nobody_has_heard_of_for_long_are_forgotten",
            f"{RULES}test_mod_11_a_domain_with_servers_without_end_is_one_domain",
        ),
    ),
    Row("DOS-23", "a storm of farewells of strangers", (f"{MUCH}test_dos_23_farewells_of_strangers_cost_nothing",)),
    Row("DOS-24", "archives that swell or climb out of their folder", (), NO_IMPORT),
    Row("DOS-25", "feeds with entities", (), NO_IMPORT),
    Row(
        "DOS-26",
        "numbers and words in addresses that are too large",
        (f"{MUCH}test_dos_26_a_number_that_is_none_breaks_nothing",),
    ),
    Row("DOS-27", "thousands of streams", (), NO_STREAMS),
    Row(
        "DOS-28",
        "servers that accept and never answer",
        (
            "outbox/test_deliver.py::test_hanging_servers_delay_nobody_else",
            "outbox/test_deliver.py::test_servers_in_trouble_get_a_quarter_of_the_places_at_most",
        ),
    ),
    Row("DOS-29", "a rush of sign-ins", (f"{DOORS}test_dos_29_a_rush_of_sign_ins_waits_in_a_short_line",)),
    Row(
        "DOS-30",
        "a disk full of other people's files",
        ("net/test_storage.py::test_the_free_space_to_keep_is_kept",),
        "There is no cache of other people's pictures; their files are fetched when a member asks, and kept.",
    ),
    Row(
        "XSS-01",
        "markup that runs, loads or covers",
        (
            f"{PAGES}test_nothing_that_somebody_writes_runs_on_a_page",
            "domain/test_html.py::test_what_can_run_is_taken_out",
        ),
    ),
    Row(
        "XSS-02",
        "links that run, or lead where they do not say",
        (
            f"{PAGES}test_nothing_that_somebody_writes_runs_on_a_page",
            "domain/test_html.py::test_a_link_we_do_not_trust_loses_its_address_and_keeps_its_text",
        ),
    ),
    Row(
        "XSS-03",
        "such links in fields of their own",
        (
            f"{PAGES}test_xss_03_an_address_that_is_none_is_no_link",
            f"{PAGES}test_xss_03_a_picture_of_theirs_loads_nothing_of_ours",
            f"{PAGES}test_xss_03_nor_does_a_face_of_theirs",
        ),
    ),
    Row(
        "XSS-04",
        "markup where there should be text",
        (f"{PAGES}test_nothing_that_somebody_writes_runs_on_a_page", f"{PAGES}test_xss_04_a_profile_is_text"),
    ),
    Row("XSS-05", "the HTML of previews", (), "Links are shown as links: there are no previews."),
    Row(
        "XSS-06",
        "what is derived of texts",
        (
            f"{PAGES}test_xss_06_what_our_own_people_write_is_safe_everywhere",
            f"{PAGES}test_xss_06_no_list_shows_harm_either",
        ),
        "There is no translation, and there are no feeds and letters.",
    ),
    Row(
        "XSS-07",
        "an address hidden in a verified link",
        (f"{PAGES}test_xss_07_nothing_is_shown_as_somebodys_own_site",),
        "No link is shown as verified.",
    ),
    Row(
        "XSS-08",
        "somebody else's page as one's own",
        (f"{PAGES}test_xss_07_nothing_is_shown_as_somebodys_own_site",),
        "No link is shown as verified.",
    ),
    Row(
        "XSS-09",
        "characters that hide or turn round",
        (
            f"{PAGES}test_xss_09_what_cannot_be_seen_is_in_no_name",
            f"{PAGES}test_xss_09_a_username_is_plain_letters",
            f"{PAGES}test_xss_09_an_international_host_is_shown_as_it_is_written_in_ascii",
        ),
    ),
    Row(
        "XSS-10",
        "breaking out of titles and data blocks",
        (
            f"{PAGES}test_nothing_that_somebody_writes_runs_on_a_page",
            f"{PAGES}test_xss_06_what_our_own_people_write_is_safe_everywhere",
        ),
    ),
    Row("XSS-11", "formulas in tables", (), "No tables are exported."),
    Row("XSS-12", "line ends in letters", (f"{PAGES}test_xss_12_a_name_is_one_line",), NO_MAIL),
    Row("XSS-13", "uploads that run", (f"{PAGES}test_xss_13_an_upload_is_data_and_nothing_else",)),
    Row(
        "XSS-14",
        "any soup at all",
        ("domain/test_html.py::test_any_soup_comes_out_in_allowed_tags_and_stays_the_same_when_cleaned_again",),
    ),
    Row(
        "MED-01",
        "file names that are places",
        (
            f"{FILES}test_med_01_a_name_is_a_label_and_no_place",
            "net/test_storage.py::test_med_01_a_key_we_could_not_have_made_is_refused",
        ),
    ),
    Row("MED-02", "files that are two things", (f"{FILES}test_med_02_a_picture_is_written_anew",)),
    Row("MED-03", "files that are no pictures", (f"{FILES}test_med_03_only_four_kinds_of_pictures_are_ever_decoded",)),
    Row(
        "MED-04",
        "a picture of 900 million points",
        (f"{FILES}test_med_04_a_bomb_of_points_is_refused_before_it_is_decoded",),
    ),
    Row(
        "MED-05",
        "remote files that are not what was said",
        (f"{FILES}test_med_05_a_file_that_is_not_the_one_described_is_not_kept",),
    ),
    Row(
        "MED-06",
        "where a photo was taken",
        (
            f"{FILES}test_med_06_a_photo_forgets_where_it_was_taken",
            "web/test_previews.py::test_med_06_a_photo_in_a_resource_forgets_where_it_was_taken",
        ),
    ),
    Row(
        "MED-07",
        "another's picture, or one used before",
        (f"{FILES}test_med_07_a_picture_is_used_once_and_by_its_owner",),
    ),
    Row(
        "MED-08", "guessing addresses of pictures", (f"{FILES}test_med_08_the_address_of_a_picture_cannot_be_guessed",)
    ),
    Row("MED-09", "the picture of a private post", (f"{FILES}test_med_09_the_picture_of_a_private_post_is_private",)),
    Row(
        "MED-10",
        "a virus",
        (
            "web/test_scanner.py::test_med_10_a_file_is_given_to_nobody_until_the_scanner_has_answered",
            "web/test_scanner.py::test_med_10_what_the_scanner_finds_is_given_to_nobody",
            "web/test_scanner.py::test_med_10_a_file_waits_for_a_scanner_that_is_down",
        ),
    ),
    Row(
        "MED-11",
        "programs and shortcuts",
        (
            f"{FILES}test_med_11_a_program_is_not_shared",
            "domain/test_files.py::test_programs_shortcuts_and_disk_images_are_refused",
        ),
    ),
    Row("MED-12", "choosing a decoder", (f"{FILES}test_med_12_nobody_chooses_how_a_picture_is_decoded",)),
    Row(
        "VIS-01",
        "hidden or not there: the same to the byte",
        (
            f"{SIGHT}test_vis_01_what_is_hidden_is_to_the_byte_what_is_not_there",
            "ap/test_objects.py::test_what_is_hidden_and_what_is_not_there_answer_to_the_byte_alike",
        ),
    ),
    Row("VIS-02", "private answers in caches", (f"{SIGHT}test_vis_02_what_a_follower_may_read_stays_in_no_cache",)),
    Row("VIS-03", "other spellings of an address", (f"{SIGHT}test_vis_03_no_spelling_shows_what_is_hidden",)),
    Row("VIS-04", "lists and counts", (f"{SIGHT}test_vis_04_no_list_holds_or_counts_what_is_hidden",)),
    Row(
        "VIS-05", "boosting what is for followers", (f"{SIGHT}test_vis_05_what_followers_may_read_they_may_not_boost",)
    ),
    Row(
        "VIS-06",
        "the posts of somebody locked",
        (f"{SIGHT}test_vis_06_the_posts_of_somebody_locked_are_for_those_they_let_in",),
    ),
    Row("VIS-07", "blind copies", (f"{SIGHT}test_vis_07_blind_copies_are_told_to_nobody",)),
    Row(
        "VIS-08",
        "spellings of public",
        (
            f"{SIGHT}test_vis_08_public_is_public_in_three_spellings_and_all_else_is_not",
            f"{SIGHT}test_vis_08_the_field_audience_opens_nothing",
        ),
    ),
    Row("VIS-09", "an export of what one may no longer see", (), "Nobody can export anything yet."),
    Row(
        "VIS-10",
        "a stream that outlives its rights",
        (f"{RULES}test_mod_09_a_closed_account_opens_nothing",),
        NO_STREAMS,
    ),
    Row(
        "VIS-11",
        "drafts and local posts",
        (),
        "Every post is published at once, and there are no posts for one node only.",
    ),
    Row(
        "VIS-12",
        "lists of followers of other servers",
        (
            f"{SIGHT}test_vis_04_no_list_holds_or_counts_what_is_hidden",
            "ap/test_collections.py::test_a_server_is_shown_which_of_its_own_people_follow_and_no_others",
            "outbox/test_synchrony.py::test_each_server_is_told_of_its_own_people_alone",
        ),
    ),
    Row(
        "VIS-13",
        "an audience that widens",
        (
            f"{SIGHT}test_vis_13_an_edit_shows_a_private_post_to_nobody_new",
            f"{SIGHT}test_vis_13_an_edit_from_elsewhere_opens_nothing",
            f"{SIGHT}test_vis_13_an_answer_is_offered_no_wider_than_what_it_answers",
        ),
    ),
    Row(
        "MOD-01",
        "a blocked domain in other spellings",
        (
            f"{RULES}test_mod_01_a_blocked_domain_is_blocked_however_it_is_spelled",
            f"{RULES}test_mod_01_nobody_is_known_by_a_number",
        ),
    ),
    Row(
        "MOD-02",
        "which rule wins",
        (f"{RULES}test_mod_02_what_only_looks_like_a_blocked_domain_is_none",),
        "There is no list of the only domains allowed: a domain is blocked with all below it, or it is not.",
    ),
    Row(
        "MOD-03",
        "a suspended account by another door",
        (f"{RULES}test_mod_03_a_suspended_account_comes_in_by_no_door",),
    ),
    Row(
        "MOD-04",
        "a blocked domain in a friend's hands",
        (
            f"{RULES}test_mod_04_a_friend_carries_nothing_in_from_a_blocked_domain",
            f"{RULES}test_mod_04_a_forwarded_activity_of_a_blocked_domain_is_refused",
            f"{RULES}test_mod_04_a_friends_post_that_points_there_is_kept_without_what_is_there",
            f"{RULES}test_mod_04_no_redirect_leads_into_a_blocked_domain",
        ),
    ),
    Row(
        "MOD-05",
        "a blocked server that reads",
        (f"{RULES}test_mod_05_a_blocked_server_reads_what_everybody_reads_and_no_more",),
    ),
    Row("MOD-06", "whom a person blocked", (f"{RULES}test_mod_06_whom_somebody_blocked_reaches_them_by_no_door",)),
    Row("MOD-07", "what a moderator took down, again", (f"{RULES}test_mod_07_what_a_moderator_took_down_stays_down",)),
    Row("MOD-08", "a flood of reports", (f"{RULES}test_mod_08_a_flood_of_reports_is_one_report",)),
    Row("MOD-09", "a closed account", (f"{RULES}test_mod_09_a_closed_account_opens_nothing",)),
    Row(
        "MOD-10",
        "files and pictures of a blocked domain",
        (f"{RULES}test_mod_10_no_file_of_a_blocked_domain_is_fetched",),
    ),
    Row(
        "MOD-11",
        "servers without end under one domain",
        (
            f"{RULES}test_mod_11_a_domain_with_servers_without_end_is_one_domain",
            "core/test_hosts.py::test_mod_11_what_somebody_had_to_register_is_what_is_counted",
        ),
    ),
    Row("AUTH-01", "a code used twice", (f"{CODES}test_a_code_that_comes_twice_ends_what_it_was_exchanged_for",)),
    Row(
        "AUTH-02",
        "a redirect that is nearly right",
        (
            f"{CONSENT}test_nobody_is_sent_where_the_app_is_not_registered",
            f"{APPS}test_what_cannot_be_an_app_is_refused_in_words",
        ),
    ),
    Row(
        "AUTH-03",
        "a proof of the code that is missing or wrong",
        (
            f"{CODES}test_a_code_without_all_that_belongs_to_it_is_worth_nothing",
            f"{CODES}test_a_verifier_that_nobody_asked_for_is_refused",
            f"{CONSENT}test_what_the_app_asks_wrongly_comes_back_to_it_with_its_state",
        ),
    ),
    Row(
        "AUTH-04",
        "every route with every scope",
        (
            f"{TABLE}test_without_a_token_only_what_is_open_answers",
            f"{TABLE}test_every_scope_but_the_right_ones_is_refused",
            f"{TABLE}test_an_app_by_itself_is_no_person",
            f"{TABLE}test_an_endpoint_without_a_scope_cannot_be_declared",
        ),
    ),
    Row(
        "AUTH-05",
        "consent by another site",
        (
            f"{CONSENT}test_a_page_elsewhere_cannot_press_the_button",
            f"{CONSENT}test_an_app_is_asked_about_every_time",
            f"{CONSENT}test_a_teacher_signs_in_and_then_reads_what_the_app_may_do",
        ),
    ),
    Row("AUTH-06", "programs with wicked names", (f"{APPS}test_the_name_of_an_app_is_shortened_and_made_plain",)),
    Row(
        "AUTH-07",
        "onward to another site",
        (
            f"{DOORS}test_auth_07_nobody_is_sent_on_to_another_site",
            "http/test_middleware.py::test_nobody_is_sent_elsewhere",
        ),
    ),
    Row(
        "AUTH-08",
        "planted, kept and guessed sessions",
        (f"{DOORS}test_auth_08_a_session_is_new_ends_at_sign_out_and_only_the_browser_has_it",),
    ),
    Row(
        "AUTH-09",
        "sessions after a new password",
        (
            f"{DOORS}test_auth_09_a_new_password_ends_every_session",
            "services/test_accounts.py::test_a_new_password_ends_every_session_and_token",
        ),
    ),
    Row("AUTH-10", "second factors", (), "There is no second factor yet."),
    Row("AUTH-11", "passkeys", (), "There are no passkeys yet."),
    Row("AUTH-12", "identities of other providers", (), "There is no single sign-on yet."),
    Row(
        "AUTH-13",
        "odd e-mail addresses",
        ("services/test_accounts.py::test_a_name_or_address_that_will_not_do_is_refused_and_nothing_kept",),
        f"{NO_MAIL} Addresses are set by whoever runs the node.",
    ),
    Row(
        "AUTH-14",
        "getting round the limits",
        (
            f"{DOORS}test_auth_14_an_account_is_guarded_however_it_is_spelled",
            f"{DOORS}test_auth_14_no_header_makes_somebody_another",
            f"{DOORS}test_auth_14_no_other_path_signs_in",
            f"{DOORS}test_auth_14_whoever_has_an_ipv6_line_is_one",
        ),
    ),
    Row(
        "AUTH-15", "fields that no form has", (f"{DOORS}test_auth_15_a_form_changes_what_it_asks_for_and_nothing_else",)
    ),
    Row("AUTH-16", "numbers of other people's things", (f"{DOORS}test_auth_16_nobody_uses_anothers_number",)),
    Row(
        "AUTH-17",
        "forms of other sites, and links that change things",
        (f"{DOORS}test_auth_17_a_form_of_another_site_does_nothing", f"{DOORS}test_auth_17_no_link_changes_anything"),
    ),
    Row(
        "AUTH-18",
        "passwords that are long or odd",
        (
            f"{DOORS}test_auth_18_a_password_is_taken_exactly",
            f"{DOORS}test_auth_18_a_password_that_cannot_be_kept_exactly_is_refused",
        ),
    ),
    Row("AUTH-19", "secrets in addresses", (f"{DOORS}test_auth_19_a_secret_in_an_address_opens_nothing",)),
    Row("AUTH-20", "another Host", (f"{DOORS}test_auth_20_the_node_knows_its_own_name",)),
    Row(
        "AUTH-21",
        "starting with something unsafe",
        ("test_settings.py::test_plain_http_is_for_loopback", "test_settings.py::test_a_certificate_needs_its_key"),
        "There is no secret in the settings, and no debugging mode: keys are made by the node itself.",
    ),
    Row("AUTH-22", "letters that set a new password", (), NO_MAIL),
    Row(
        "SEQ-01",
        "a deletion before what it deletes",
        (f"{ORDER}test_seq_01_what_was_deleted_before_it_came_never_comes",),
    ),
    Row(
        "SEQ-02",
        "an edit before what it edits",
        (f"{ORDER}test_seq_02_an_edit_that_comes_first_is_kept_and_what_it_replaced_is_not",),
    ),
    Row(
        "SEQ-03",
        "an Undo or an answer that comes first",
        (
            f"{ORDER}test_seq_03_an_undo_that_overtakes_its_follow_wins",
            f"{ORDER}test_seq_03_an_undo_that_overtakes_a_reaction_wins",
            f"{ORDER}test_seq_03_an_answer_to_what_was_never_asked_is_none",
        ),
    ),
    Row(
        "SEQ-04",
        "one activity at many inboxes at once",
        (f"{ORDER}test_seq_04_one_activity_at_many_doors_at_once_is_one",),
    ),
    Row(
        "SEQ-05", "times that cannot be", (f"{ORDER}test_seq_05_no_post_is_older_than_the_network_or_younger_than_now",)
    ),
    Row("SEQ-06", "edits in the wrong order", (f"{ORDER}test_seq_06_an_older_edit_that_comes_late_is_ignored",)),
    Row(
        "SEQ-07",
        "two workers, and one that was away",
        (
            "outbox/test_deliver.py::test_two_couriers_share_the_work_and_nothing_goes_out_twice",
            "outbox/test_deliver.py::test_a_killed_process_leaves_a_lease_and_after_it_another_one_delivers",
        ),
    ),
    Row(
        "SEQ-08",
        "edits without end",
        (
            f"{ORDER}test_seq_08_endless_edits_leave_a_short_history",
            f"{ORDER}test_seq_08_a_flood_of_profiles_is_looked_up_a_few_times",
        ),
    ),
)
