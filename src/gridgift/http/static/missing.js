// A resident's link that was mistyped still has its token, in the fragment: it goes on to the page.
if (location.hash.startsWith("#ct=")) document.getElementById("mine").hash = location.hash;
