// Walks through a node as an app built on masto.js would: node walk.js ADDRESS PICTURE.
//
// Whoever starts it plays the browser: a line {"open": address, "as": name} is answered by a line with the code that the
// browser came back with. The last line holds what was seen, step by step.

import { createHash, randomBytes } from "node:crypto";
import { openAsBlob } from "node:fs";
import { createInterface } from "node:readline";

import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";

const BACK = "https://elk.example/api/alder.example/oauth/https%3A%2F%2Felk.example";
const SCOPES = "read write follow push";
const WAKE = "@ada Is anybody listening?";

const [url, picture] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function browse(line) {
  console.log(JSON.stringify(line));
  return (await answers.next()).value;
}

async function signIn(name) {
  const app = await createRestAPIClient({ url }).v1.apps.create({
    clientName: "Elk",
    redirectUris: [BACK],
    scopes: SCOPES,
    website: "https://elk.example",
  });
  const verifier = randomBytes(48).toString("base64url");
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: app.clientId,
    redirect_uri: BACK,
    scope: SCOPES,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const offer = async (codeVerifier) =>
    createOAuthAPIClient({ url }).token.create({
      grantType: "authorization_code",
      code: await browse({ open: `${url}/oauth/authorize?${asked}`, as: name }),
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      redirectUri: BACK,
      codeVerifier,
    });
  const guessed = await refusal(offer("a-verifier-that-somebody-guessed-who-saw-the-code"));
  const token = await offer(verifier);
  const rest = createRestAPIClient({ url, accessToken: token.accessToken });
  return { app, token, guessed, v1: rest.v1, v2: rest.v2 };
}

// The status that a request is refused with; 0 if it is not refused.
const refusal = (promise) => promise.then(() => 0, (error) => error.statusCode ?? String(error));
const words = (status) => status.content.replaceAll(/<[^>]*>/g, "");
const all = (statuses) => statuses.map((status) => words(status));

async function about(ada) {
  const me = await ada.v1.accounts.verifyCredentials();
  const instance = await ada.v2.instance.fetch();
  const changed = await ada.v1.accounts.updateCredentials({
    displayName: "Ada L.",
    fieldsAttributes: [{ name: "Site", value: "https://a.example" }],
  });
  return {
    me: me.username,
    app: (await ada.v1.apps.verifyCredentials()).name,
    scope: ada.token.scope,
    guessed: ada.guessed,
    title: instance.title,
    mastodon: instance.apiVersions.mastodon,
    name: changed.displayName,
    fields: changed.source.fields.map((field) => field.name),
    preferences: (await ada.v1.preferences.fetch())["posting:default:visibility"],
  };
}

async function posting(ada, ben) {
  const draft = { status: "Hello @ben #fractions", visibility: "unlisted", spoilerText: "Maths", language: "en" };
  const once = { requestInit: { headers: { "Idempotency-Key": "once" } } };
  const post = await ada.v1.statuses.create(draft, once);
  const again = await ada.v1.statuses.create(draft, once);
  const reply = await ben.v1.statuses.create({ status: "@ada Hello back", inReplyToId: post.id });
  const here = ada.v1.statuses.$select(post.id);
  const context = await here.context.fetch();
  const edited = await here.update({ status: "Hello again", spoilerText: "Maths" });
  const history = await here.history.list();
  const there = ben.v1.statuses.$select(post.id);
  const liked = await there.favourite();
  const kept = await there.bookmark();
  const boost = await there.reblog();
  const likedBy = await here.favouritedBy.list();
  const secret = await ada.v1.statuses.create({ status: "For nobody", visibility: "direct" });
  const gone = await ada.v1.statuses.$select(reply.id).remove().catch((error) => error.statusCode);
  const source = await here.source.fetch();
  await here.remove();
  return {
    post: [words(post), post.visibility, post.spoilerText, post.language, post.application.name],
    mentions: post.mentions.map((mention) => mention.acct),
    repeated: again.id === post.id,
    descendants: all(context.descendants),
    edited: [words(edited), edited.editedAt !== null],
    history: history.map((version) => words(version)),
    reactions: [liked.favourited, kept.bookmarked, boost.reblog.id === post.id],
    likedBy: likedBy.map((account) => account.acct),
    source: source.text,
    secret: await refusal(ben.v1.statuses.$select(secret.id).fetch()),
    notMine: gone,
    removed: await refusal(there.fetch()),
  };
}

async function media(ada) {
  const file = await openAsBlob(picture, { type: "image/png" });
  const made = await ada.v2.media.create({ file, description: "A wall", focus: "0.5,-0.5" });
  const described = await ada.v1.media.$select(made.id).update({ description: "A fraction wall" });
  const post = await ada.v1.statuses.create({ status: "Look", mediaIds: [made.id], sensitive: true });
  const edited = await ada.v1.statuses.$select(post.id).update({
    status: "Look here",
    mediaIds: [made.id],
    mediaAttributes: [{ id: made.id, description: "Another wall" }],
  });
  const [shown] = edited.mediaAttachments;
  const fetched = await fetch(shown.url);
  return {
    made: [made.type, made.description, made.meta.focus, made.meta.original.width, made.meta.original.height],
    described: described.description,
    post: [post.sensitive, post.mediaAttachments[0].description],
    edited: shown.description,
    fetched: [fetched.status, fetched.headers.get("content-type")],
    twice: await refusal(ada.v1.statuses.create({ status: "Again", mediaIds: [made.id] })),
  };
}

async function polls(ada, ben) {
  const poll = { options: ["Tea", "Coffee"], expiresIn: 3600, hideTotals: false };
  const post = await ada.v1.statuses.create({ status: "What shall we have?", poll });
  const here = ben.v1.polls.$select(post.poll.id);
  const voted = await here.votes.create({ choices: [1] });
  return {
    options: post.poll.options.map((option) => option.title),
    voted: [voted.voted, voted.ownVotes, voted.options.map((option) => option.votesCount)],
    twice: await refusal(here.votes.create({ choices: [0] })),
    asked: (await here.fetch()).votesCount,
  };
}

async function lists(ada, ben) {
  const other = await ben.v1.accounts.verifyCredentials();
  const made = await ada.v1.lists.create({ title: "Friends" });
  const here = ada.v1.lists.$select(made.id);
  const stranger = await refusal(here.accounts.create({ accountIds: [other.id] }));
  const relation = await ada.v1.accounts.$select(other.id).follow();
  await here.accounts.create({ accountIds: [other.id] });
  await ben.v1.statuses.create({ status: "For my followers", visibility: "private" });
  const members = await here.accounts.list();
  const timeline = await ada.v1.timelines.list.$select(made.id).list({ limit: 1 });
  const renamed = await here.update({ title: "Colleagues", exclusive: true });
  const holding = await ada.v1.accounts.$select(other.id).lists.list();
  await here.accounts.remove({ accountIds: [other.id] });
  const left = await here.accounts.list();
  await here.remove();
  return {
    stranger,
    following: relation.following,
    members: members.map((member) => member.acct),
    timeline: all(timeline),
    renamed: [renamed.title, renamed.exclusive],
    holding: holding.map((list) => list.title),
    left: left.length,
    lists: (await ada.v1.lists.list()).length,
  };
}

async function filters(ada, ben) {
  const made = await ada.v2.filters.create({
    title: "Animals",
    context: ["home", "public"],
    filterAction: "warn",
    keywordsAttributes: [{ keyword: "snake", wholeWord: true }],
  });
  const here = ada.v2.filters.$select(made.id);
  const wasp = await here.keywords.create({ keyword: "wasp", wholeWord: true });
  await ada.v2.filters.keywords.$select(wasp.id).update({ keyword: "hornet" });
  const renamed = await here.update({ title: "Beasts" });
  const post = await ben.v1.statuses.create({ status: "Look, a snake!" });
  const shown = await ada.v1.statuses.$select(post.id).fetch();
  const keywords = await here.keywords.list();
  await ada.v2.filters.keywords.$select(wasp.id).remove();
  const kept = await here.fetch();
  await here.remove();
  return {
    keywords: keywords.map((keyword) => keyword.keyword),
    shown: shown.filtered.map((result) => [result.filter.title, result.keywordMatches]),
    renamed: renamed.title,
    kept: kept.keywords.map((keyword) => keyword.keyword),
    after: (await ada.v1.statuses.$select(post.id).fetch()).filtered,
    left: (await ada.v2.filters.list()).length,
  };
}

async function notifications(ada, ben) {
  await ada.v1.notifications.clear();
  const post = await ada.v1.statuses.create({ status: "A post on fractions" });
  await ben.v1.statuses.$select(post.id).favourite();
  await ben.v1.statuses.$select(post.id).reblog();
  await ben.v1.statuses.create({ status: "@ada Well done" });
  const told = await ada.v1.notifications.list();
  const pages = [];
  for await (const page of ada.v1.notifications.list({ limit: 2 })) pages.push(page.map((each) => each.type));
  const grouped = await ada.v2.notifications.list();
  const unread = await ada.v2.notifications.unreadCount.fetch();
  await ada.v1.markers.create({ notifications: { lastReadId: told[0].id } });
  const read = await ada.v1.markers.fetch({ timeline: ["notifications"] });
  const rest = await ada.v2.notifications.unreadCount.fetch();
  await ada.v1.notifications.$select(told[0].id).dismiss();
  const dismissed = await ada.v1.notifications.list({ excludeTypes: ["reblog"] });
  const policy = await ada.v2.notifications.policy.fetch();
  await ada.v1.notifications.clear();
  return {
    told: told.map((each) => [each.type, each.account.acct, words(each.status)]),
    pages,
    grouped: grouped.notificationGroups.map((group) => [group.type, group.notificationsCount]),
    accounts: grouped.accounts.map((account) => account.acct),
    unread: [unread.count, rest.count],
    read: read.notifications.lastReadId === told[0].id,
    dismissed: dismissed.map((each) => each.type),
    policy: policy.forNotFollowing,
    left: (await ada.v1.notifications.list()).length,
  };
}

async function search(ada, ben) {
  const post = await ben.v1.statuses.create({ status: "A post on #volcanoes" });
  await ada.v1.statuses.$select(post.id).bookmark();
  const found = await ada.v2.search.list({ q: "volcanoes" });
  const tags = await ada.v2.search.list({ q: "volc", type: "hashtags" });
  const person = await ada.v2.search.list({ q: "@ben", type: "accounts", resolve: true });
  const address = await ada.v2.search.list({ q: post.url, resolve: true });
  const followed = await ada.v1.tags.$select("volcanoes").follow();
  return {
    found: [all(found.statuses), found.hashtags.map((tag) => tag.name)],
    tags: tags.hashtags.map((tag) => tag.name),
    person: person.accounts.map((account) => account.acct),
    address: all(address.statuses),
    followed: [followed.following, (await ada.v1.followedTags.list()).map((tag) => tag.name)],
  };
}

async function paging(ada, ben) {
  for (let number = 0; number < 7; number += 1) {
    const post = await ada.v1.statuses.create({ status: `Lesson ${number} #series` });
    if (number < 3) await ben.v1.statuses.$select(post.id).favourite();
  }
  const pages = [];
  for await (const page of ben.v1.timelines.tag.$select("series").list({ limit: 3 })) pages.push(all(page));
  const favourites = [];
  for await (const page of ben.v1.favourites.list({ limit: 2 })) favourites.push(all(page));
  const [oldest] = (await ben.v1.timelines.tag.$select("series").list({ limit: 7 })).slice(-1);
  const upwards = [];
  const newer = ben.v1.timelines.tag.$select("series").list({ limit: 4, minId: oldest.id }).setDirection("prev");
  for await (const page of newer) upwards.push(all(page));
  return { pages, favourites, upwards };
}

// What each stream brings, under the name it was given; `until` waits for it.
class Ear {
  heard = {};
  #waiting = [];

  listen(name, subscription) {
    this.heard[name] = [];
    this.#hear(name, subscription);
  }

  async #hear(name, subscription) {
    for await (const { event, payload } of subscription) {
      const about = payload?.status ?? payload?.lastStatus ?? payload;
      this.heard[name].push([event, about?.content ? words(about) : (about ?? null)]);
      this.#waiting = this.#waiting.filter((wake) => !wake());
    }
  }

  until(holds) {
    return new Promise((resolve) => {
      const wake = () => holds(this.heard) && (resolve(), true);
      if (!wake()) this.#waiting.push(wake);
    });
  }
}

async function streaming(ada, ben) {
  const { configuration } = await ada.v2.instance.fetch();
  const streams = createStreamingAPIClient({
    streamingApiUrl: configuration.urls.streaming,
    accessToken: ada.token.accessToken,
  });
  const list = await ada.v1.lists.create({ title: "Heard" });
  const other = await ben.v1.accounts.verifyCredentials();
  await ada.v1.lists.$select(list.id).accounts.create({ accountIds: [other.id] });
  await streams.prepare();
  const ear = new Ear();
  ear.listen("user", streams.user.subscribe());
  ear.listen("notices", streams.user.notification.subscribe());
  ear.listen("local", streams.public.local.subscribe());
  ear.listen("hashtag", streams.hashtag.subscribe({ tag: "maths" }));
  ear.listen("list", streams.list.subscribe({ list: list.id }));
  ear.listen("direct", streams.direct.subscribe());

  // A subscription is not answered. They are read in the order in which they came, so the last one tells of all.
  for (let woken = false; !woken; ) {
    await ben.v1.statuses.create({ status: WAKE, visibility: "direct" });
    const heard = ear.until(({ direct }) => direct.length > 0).then(() => true);
    woken = await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 500, false))]);
  }

  // One after the other: of what is gone before anybody was told, nobody is told.
  const came = (event, names, said) =>
    ear.until((heard) =>
      names.every((name) => heard[name].some(([each, about]) => each === event && (!said || about === said))),
    );
  const timelines = ["user", "local", "hashtag", "list"];
  const post = await ben.v1.statuses.create({ status: "@ada Fractions #maths" });
  await came("update", timelines);
  await came("notification", ["user", "notices"], "@ada Fractions #maths");
  await ben.v1.statuses.$select(post.id).update({ status: "@ada Fractions for all #maths" });
  await came("status.update", timelines);
  await ben.v1.statuses.$select(post.id).remove();
  await came("delete", timelines);
  const filter = await ada.v2.filters.create({ title: "Snakes", context: ["home"] });
  await came("filters_changed", ["user"]);
  await ben.v1.statuses.create({ status: "@ada Between us", visibility: "direct" });
  await came("conversation", ["direct"], "@ada Between us");
  await came("notification", ["user", "notices"], "@ada Between us");
  await ada.v1.lists.$select(list.id).remove();
  await ada.v2.filters.$select(filter.id).remove();
  streams.close();

  const [talk] = await ada.v1.conversations.list();
  const read = await ada.v1.conversations.$select(talk.id).read();
  const named = (events) =>
    events
      .filter(([, about]) => about !== WAKE)
      .map(([event, about]) => [event, about === post.id ? "the post" : about]);
  return {
    heard: Object.fromEntries(Object.entries(ear.heard).map(([name, events]) => [name, named(events)])),
    talk: [words(talk.lastStatus), talk.unread, read.unread],
  };
}

async function signOut(ada) {
  const { clientId, clientSecret } = ada.app;
  await createOAuthAPIClient({ url }).revoke({ clientId, clientSecret, token: ada.token.accessToken });
  return { after: await refusal(ada.v1.accounts.verifyCredentials()) };
}

const ada = await signIn("ada");
const ben = await signIn("ben");
const seen = {};
for (const step of [about, posting, media, polls, lists, filters, notifications, search, paging, streaming, signOut]) {
  // Shown where something goes wrong: how far it came.
  console.error(step.name);
  seen[step.name] = await step(ada, ben);
}
console.log(JSON.stringify({ seen }));
process.exit(0);
