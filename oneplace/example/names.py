"""Names for made-up people: given names by generation, family names by how common. No list of real people."""

# Four generations: born before 1950, 1950 to 1979, 1980 to 2004, since 2005.
_FEMALE = """
Margaret Jean Joan Dorothy Audrey Patricia Sheila Barbara Doreen Eileen Betty Joyce Beryl Iris Maureen Shirley
Sylvia Marjorie Brenda Hazel Winifred Olive Edna Vera Rosemary Pamela Gwendoline Kathleen Muriel Daphne

Susan Linda Christine Carol Jacqueline Janet Julie Karen Deborah Tracey Alison Sharon Helen Angela Elaine
Gillian Lesley Wendy Beverley Denise Mandy Jane Lorraine Teresa Anita Diane Heather Ruth Nasreen Manjit Ewa

Sarah Claire Emma Laura Rebecca Gemma Rachel Kelly Victoria Katie Hannah Jessica Charlotte Lauren Amy Sophie
Natalie Lucy Chloe Danielle Stephanie Holly Abigail Zoe Priya Aisha Agnieszka Magdalena Fatima Naomi

Olivia Amelia Isla Ava Mia Grace Freya Ella Poppy Ivy Evie Florence Willow Lily Rosie Matilda Daisy Phoebe
Elsie Esme Zara Maryam Aanya Zofia Ayla Nancy Harriet Martha Maya Orla
"""
_MALE = """
John William George Ronald Kenneth Dennis Peter Derek Raymond Frank Stanley Norman Douglas Arthur Leonard Eric
Albert Cyril Gordon Roy Ernest Harold Bernard Donald Maurice Percy Walter Reginald Desmond Cecil

David Michael Stephen Paul Andrew Mark Alan Robert Kevin Ian Graham Nigel Barry Keith Colin Trevor Neil Martin
Philip Adrian Gary Clive Tony Simon Julian Duncan Rajesh Harjit Piotr Errol

James Daniel Matthew Christopher Adam Thomas Ryan Luke Benjamin Lee Craig Jonathan Gareth Nathan Liam Joshua
Jack Sam Callum Jordan Alex Dean Ashley Imran Tomasz Kwame Arjun Dylan Kieran Ross

Oliver Noah Leo Arthur Oscar Theo Freddie Archie Finley Alfie Henry Ethan Max Isaac Teddy Logan Jude Reuben
Toby Muhammad Rohan Jakub Elijah Felix Rory Caleb Zayn Hugo Otis Albie
"""
_FAMILY = """
Ashdown Barden Baxter Beecham Berrow Birdsall Blakely Bramwell Brewster Buckland Burrage Carswell Chalker
Chantler Clewes Cobham Collard Copley Cotter Cranfield Crowhurst Dallimore Danby Darley Denham Dewhurst
Draycott Dunmore Eastwood Eldridge Ellery Fairhall Farrant Fenwick Firth Foxley Gadsby Garrard Gilham Goddard
Goodhew Gransden Grigg Halsey Hambrook Harling Hatherley Hawkes Hayward Heddle Hibbert Holloway Honeysett
Hoskins Huckle Ibbotson Ingram Jessop Jarrett Kemsley Kendrick Killick Kingsnorth Lacey Lambourne Langridge
Larkin Leeming Lidgett Lovell Luckhurst Maddox Manktelow Marchant Maskell Medhurst Merriman Millgate Mortlock
Nettleton Newnham Norwell Oakden Ockenden Orpin Osgood Packham Paine Pankhurst Parfitt Peppin Philcox Pilbeam
Pocock Prentice Quested Radford Ransley Relf Ridout Rolfe Rusbridge Sackett Salter Sandford Scotney Selway
Shorter Skinner Smallwood Snoad Spearpoint Stace Stapley Strudwick Sturgess Swaffer Tapsell Tarrant
Thorneycroft Tickner Tolhurst Town Tully Twyman Unwin Upfold Vinall Waghorn Wakelin Walsingham Waterhouse
Weller Wenham Whibley Wickens Wimsett Winslade Woodcock Wraight Yeatman Youldon Ahmed Begum Chaudhry Gurung
Hussain Iqbal Kaur Khan Kowalski Limbu Mensah Nowak Okafor Patel Popescu Rahman Rai Sharma Singh Wisniewska
"""


def _generations(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split()) for part in text.strip().split("\n\n"))


GIVEN_FEMALE, GIVEN_MALE = _generations(_FEMALE), _generations(_MALE)
FAMILY = tuple(_FAMILY.split())


def generation(birth_year: int) -> int:
    """Which generation's names a person of this year bears."""
    return 0 if birth_year < 1950 else 1 if birth_year < 1980 else 2 if birth_year < 2005 else 3
