// Languages: what the store's objects say by themselves, in other languages than English. What the
// store answers comes in the resident's language anyway.
//
// To set it up: put this script into the object, beside its other one. It writes the sentences into
// the object's linkset data, says so, and can be deleted then.
//
// Permissions: it asks for none.

default {
    state_entry() {
{sentences}
        llOwnerSay("I speak {languages} too now. The script for that can be deleted.");
    }
}
