-- A store's cards, searched. A filter that is left out lets every card pass, and none of them leads to
-- the rows: those come from the walk along an order, or by their ids, and are few (decision 38).

-- How a card came to be: who granted it, or that it replaces another one.
-- fragment: source
(SELECT CASE WHEN e.kind = 'reissued' THEN 'reissue' ELSE e.actor_kind END FROM entries e
    WHERE e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id = gift_cards.id
        AND e.seq = 1)

-- An owner of whom a username, present or earlier, begins so and leads to the owner at this store. Each
-- owner has few names; with EXISTS, or by the index of all names, PostgreSQL may read all that begin so,
-- and they are any number.
-- fragment: owner_begins
(SELECT TRUE FROM resident_names n WHERE n.resident_uuid = gift_cards.owner_uuid
    AND {unindexed:n.username} >= :prefix AND {unindexed:n.username} < :prefix_end AND {leads_here}
    LIMIT 1)

-- Granted by the import of a file, since that last began.
-- fragment: imported
(SELECT TRUE FROM import_cards c JOIN imports m ON m.store_id = c.store_id AND m.digest = c.digest
    WHERE c.store_id = :store_id AND c.digest = :digest AND c.card_id = gift_cards.id
        AND m.started_at <= gift_cards.created_at)

-- One of the newest notes on it has a text.
-- fragment: noted
TRUE IN (SELECT {has_text:e.reason}
    FROM entries e {index:entries_noted}
    WHERE e.store_id = :store_id AND e.account_id = gift_cards.id AND e.kind = 'noted'
    ORDER BY e.seq DESC LIMIT :newest)

-- Its metadata has a member of this name, or of this name and value.
-- fragment: has_member
(SELECT TRUE FROM gift_card_labels l CROSS JOIN {json_texts:l.metadata} m
    WHERE l.store_id = :store_id AND l.card_id = gift_cards.id
        AND (m.key = :member OR m.key || ':' || m.value = :member) LIMIT 1)

-- fragment: matching
store_id = :store_id
    AND (active = :active OR :active IS NULL) AND (redeemed = :redeemed OR :redeemed IS NULL)
    AND (expires_at BETWEEN :end_from AND :end_to OR (expires_at IS NULL AND :endless))
    AND credit BETWEEN :credit_from AND :credit_to
    AND created_at BETWEEN :created_from AND :created_to
    AND (:any_owner OR owner_uuid {any:owners})
    AND (:any_name OR {owner_begins})
    AND (:any_tag OR (SELECT TRUE FROM gift_card_tags t
        WHERE t.store_id = :store_id AND t.card_id = gift_cards.id AND t.tag = :tag))
    AND (:any_source OR {source} = :source)
    AND (:any_import OR {imported})
    AND (:any_note OR {noted})
    AND (:any_member OR {has_member})

-- fragment: held_now
CASE WHEN held_until > :now THEN (SELECT COALESCE(SUM(h.amount), 0)
    FROM holds h {index:holds_open}
    WHERE h.store_id = :store_id AND h.card_id = gift_cards.id AND h.state = 'open'
        AND h.expires_at > :now AND h.expires_at > gift_cards.updated_at)
ELSE 0 END

-- Whether a store says anything of a card; of most cards nothing, and then nobody asks what.
-- fragment: labelled
(SELECT TRUE FROM gift_card_labels l WHERE l.store_id = :store_id AND l.card_id = gift_cards.id)

-- What a search shows of a card, and no more: each column of 50 cards is a hundredth of their page's time.
-- fragment: found_cards
{json_rows:id, owner_uuid, (SELECT r.username FROM residents r WHERE r.uuid = gift_cards.owner_uuid),
    credit, active, redeemed, transfer, texture, purchased, expires_at, created_at, updated_at,
    {hex:substr({newest_hash}, 1, 16)}, {held_now}, {source}, {labelled}}

-- What is read of cards that are looked at.
-- fragment: looked_at
store_id, id, owner_uuid, credit, active, redeemed, transfer, texture, purchased, expires_at,
created_at, updated_at, held_until, version, head, head_seq

-- The next :looked cards of an order: up to :rows of them that match; and the keys of the last of
-- them, from which the walk goes on, unless fewer are left.
-- listing: cards_of_store
SELECT (SELECT {found_cards} FROM (
    SELECT {looked_at} FROM (
        SELECT {looked_at} FROM gift_cards {index} WHERE store_id = :store_id {seek} {until}
        ORDER BY {order} LIMIT :looked
    ) gift_cards
    WHERE {matching} {as_sorted:{order}} LIMIT :rows
) gift_cards), (SELECT {json_rows:{keys}} FROM (
    SELECT {keys} FROM gift_cards {index} WHERE store_id = :store_id {seek} {until}
    ORDER BY {order} LIMIT 1 OFFSET :looked - 1
) last)

-- The same by credit, of cards that end in a time: the index of that order has their ends, so that no more
-- is read of the others. Each is read by its id: the filters, which come after, must lead to no cards.
-- listing: cards_by_credit_ending
SELECT (SELECT {found_cards} FROM (
    SELECT {looked_at} FROM (
        SELECT {looked_at} FROM (
            SELECT id, credit, expires_at AS ends FROM gift_cards {index}
            WHERE store_id = :store_id {seek} {until} ORDER BY {order} LIMIT :looked
        ) walk {then_join} gift_cards USING (id, credit)
        WHERE store_id = :store_id AND ends BETWEEN :end_from AND :end_to
        {as_sorted:{order}} LIMIT :looked
    ) gift_cards
    WHERE {matching} {as_sorted:{order}} LIMIT :rows
) gift_cards), (SELECT {json_rows:{keys}} FROM (
    SELECT {keys} FROM gift_cards {index} WHERE store_id = :store_id {seek} {until}
    ORDER BY {order} LIMIT 1 OFFSET :looked - 1
) last)

-- The same where all cards match: there is nothing to pass over, and a page ends the walk.
-- listing: cards_unfiltered
SELECT (SELECT {found_cards} FROM (
    SELECT {looked_at} FROM gift_cards {index} WHERE store_id = :store_id {seek} {until}
    ORDER BY {order} LIMIT :rows
) gift_cards), NULL

-- listing: cards_among
SELECT {found_cards} FROM (
    SELECT {looked_at} FROM (
        SELECT {looked_at} FROM gift_cards WHERE store_id = :store_id AND id {any:ids} LIMIT :looked
    ) gift_cards
    WHERE {matching} {seek} ORDER BY {order} LIMIT :rows
) gift_cards

-- name: cards_of_owners
SELECT id FROM gift_cards {index:gift_cards_by_owner}
WHERE store_id = :store_id AND owner_uuid {any:owners} LIMIT :rows

-- name: cards_tagged
SELECT card_id FROM gift_card_tags {index:gift_card_tags_by_tag}
WHERE store_id = :store_id AND tag = :tag LIMIT :rows

-- name: cards_noted
SELECT account_id FROM entries {index:entries_noted}
WHERE store_id = :store_id AND kind = 'noted' LIMIT :rows

-- name: cards_labelled
SELECT card_id FROM gift_card_labels WHERE store_id = :store_id ORDER BY card_id LIMIT :rows

-- fragment: noted_here
(SELECT TRUE FROM store_names s WHERE s.store_id = :store_id AND s.username = n.username)

-- name: residents_by_prefix
SELECT n.resident_uuid, n.noted_by IS NULL OR {noted_here}
FROM resident_names n
WHERE n.username >= :prefix AND n.username < :prefix_end
ORDER BY n.username LIMIT :rows

-- Whether there are more than so many: to step over them is quicker than to count them.
-- name: cards_of_store_beyond
SELECT 1 FROM gift_cards WHERE store_id = :store_id ORDER BY id LIMIT 1 OFFSET :stepped

-- name: cards_of_store_count
SELECT COUNT(*) FROM gift_cards WHERE store_id = :store_id

-- How many cards match among those that are looked at, and how many these are.
-- name: cards_matching
SELECT COUNT(*), (SELECT COUNT(*) FROM (
    SELECT id FROM gift_cards WHERE store_id = :store_id LIMIT :looked) looked)
FROM (SELECT * FROM gift_cards WHERE store_id = :store_id ORDER BY id LIMIT :looked) gift_cards
WHERE {matching}

-- name: ids_matching_among
SELECT id FROM (
    SELECT * FROM gift_cards WHERE store_id = :store_id AND id {any:ids} LIMIT :looked
) gift_cards
WHERE {matching}

-- name: cards_matching_among
SELECT COUNT(*) FROM (
    SELECT * FROM gift_cards WHERE store_id = :store_id AND id {any:ids} LIMIT :looked
) gift_cards
WHERE {matching}
