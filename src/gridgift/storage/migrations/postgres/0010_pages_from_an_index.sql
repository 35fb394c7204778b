-- SQLite's gets all columns of a page; here a page is read as fast from the table (measured).
COMMENT ON INDEX gift_cards_by_owner IS
    'Not of all that a list shows: then each change of a card would write to every index.';
