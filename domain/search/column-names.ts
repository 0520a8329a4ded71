import type { personTextFields } from './person.ts';

/** What a column can be mapped to. `key` is the caller's own key of a row. */
export type ColumnTarget = (typeof personTextFields)[number] | 'phones' | 'emails' | 'key';

/** Names as vendors' exports and several languages spell them, folded to lower-case letters without spaces. */
const names: Readonly<Record<ColumnTarget, string>> = {
  given_name:
    'givenname given first firstname fname forename christianname givennames firstnames ' +
    'vorname rufname prenom nombre nombres primernombre nome primeironome voornaam fornavn fornamn imie etunimi имя 名',
  middle_name:
    'middlename middle mname middleinitial mi secondname additionalname zweitername segundonombre отчество',
  surname:
    'surname last lastname lname familyname family secondsurname ' +
    'nachname familienname nomdefamille nom apellido apellidos primerapellido cognome sobrenome apelido achternaam ' +
    'etternavn efternavn efternamn nazwisko sukunimi фамилия 姓',
  full_name:
    'fullname name completename displayname personname contactname customername clientname patientname employeename ' +
    'legalname nameofperson ganzername vollername nomcomplet nombrecompleto nomecompleto volledigenaam фио 姓名 氏名 名前',
  date_of_birth:
    'dateofbirth dob birthdate birthday birth bday born birthdt dateborn geburtsdatum geboren datedenaissance ' +
    'datenaissance fechadenacimiento fechanacimiento datadinascita datanascita datadenascimento datanascimento ' +
    'geboortedatum fodselsdato datumurodzenia датарождения 生年月日 出生日期',
  street_number:
    'streetnumber streetno housenumber houseno hausnummer hausnr buildingnumber civicnumber stno streetnum ' +
    'numerovoie numerocivico huisnummer номердома',
  street:
    'street streetname streetaddress address1 addressline1 addr1 line1 add1 streetline1 street1 mailingaddress1 ' +
    'thoroughfare road strasse str rue voie calle via rua straat gate gatuadress ulica улица',
  unit: 'unit unitnumber apartment apt aptnumber suite flat flatnumber unitno aptno door wohnung piso appartement квартира',
  address:
    'address fulladdress addr completeaddress postaladdress mailingaddress homeaddress residentialaddress location ' +
    'adresse anschrift direccion domicilio indirizzo endereco adres адрес 住所 地址',
  locality:
    'locality neighborhood neighbourhood district dependentlocality address2 addressline2 addr2 line2 add2 street2 ' +
    'streetline2 stadtteil ortsteil quartier barrio bairro wijk район',
  city:
    'city town suburb municipality village citytown posttown addresscity ort stadt wohnort ville commune ciudad ' +
    'localidad poblacion citta comune cidade plaats woonplaats stad by miasto город 市 城市',
  region:
    'region state province county stateprovince statecode provincecode stateabbr stateorprovince prov bundesland ' +
    'kanton departement provincia estado provincie wojewodztwo область 省 都道府県',
  postcode:
    'postcode postalcode zip zipcode zip5 postal pcode zippostalcode postzip plz postleitzahl codepostal cp ' +
    'codigopostal cap cep postnummer postnr kodpocztowy индекс 郵便番号 邮编',
  country: 'country countrycode countryname nation countryiso land staat pays pais paese kraj страна 国',
  national_id:
    'nationalid nationalidentifier ssn socialsecuritynumber socialsecurity socsecid socsec nationalinsurancenumber ' +
    'nino nin taxid tin idnumber personalid identitynumber passportnumber steuerid numerosecu dni nif nie ' +
    'codicefiscale cpf bsn personnummer pesel инн снилс',
  organisation:
    'organisation organization company companyname employer business businessname sitename firm agency org account ' +
    'accountname institution organisationname organizationname firma unternehmen entreprise societe empresa azienda ' +
    'bedrijf компания 会社名 公司',
  external_id: 'externalid externalref externalreference sourceid foreignid',
  phones:
    'phone phones phonenumber telephone telephonenumber tel mobile mobilephone cell cellphone homephone workphone ' +
    'businessphone daytimephone eveningphone landline contactnumber mobilenumber cellnumber telno phoneno msisdn ' +
    'telefon telefonnummer handy mobil telephoneportable portable telefono movil celular cellulare telefone ' +
    'telefoon telefoonnummer mobiel телефон 電話 電話番号 电话 手机',
  emails:
    'email emails emailaddress mail mailaddress emailid electronicmail workemail homeemail personalemail ' +
    'emailadresse courriel mel correo correoelectronico indirizzoemail epost sahkoposti почта メール 邮箱',
  key:
    'id recid recordid rowid key rowkey reference ref refno referencenumber uid uuid guid customerid clientid ' +
    'personid contactid userid memberid patientid accountid leadid recordnumber customernumber employeeid',
};

/** Words that say whose or which, not what. Without them a name is a little less certain. */
const qualifiers = new Set(
  (
    'customer client contact person patient member user lead subject applicant employee guest recipient primary main ' +
    'home work business personal private billing shipping mailing delivery residential current default preferred ' +
    'your the prim sec secondary other alternate alt new legal official'
  ).split(' '),
);

const targets = new Map<string, ColumnTarget>();
for (const [target, list] of Object.entries(names)) {
  for (const name of list.split(/\s+/)) targets.set(name, target as ColumnTarget);
}

/** The words of a column's name: `GivenName`, `GIVEN_NAME`, `/person/given-name` and ` given name` are alike. */
function nameWords(column: string): string[] {
  return column
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('ł', 'l')
    .normalize('NFC')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

interface NamedTarget {
  target: ColumnTarget;
  /** 0–1. */
  confidence: number;
}

/** The files of one sender mostly have the same columns. */
const known = new Map<string, NamedTarget | undefined>();
const mostKnown = 1_000;

/**
 * What a column is called tells of its content: the target and how certain that is; undefined when the name says nothing.
 */
export function targetByName(column: string): NamedTarget | undefined {
  if (known.has(column)) return known.get(column);
  const found = readName(column);
  if (known.size >= mostKnown) known.clear();
  known.set(column, found);
  return found;
}

function readName(column: string): NamedTarget | undefined {
  const all = nameWords(column);
  const find = (words: readonly string[]): ColumnTarget | undefined => targets.get(words.join(''));
  const exact = find(all);
  if (exact) return { target: exact, confidence: 0.95 };

  // `phone2`, `Email 1`: which of several.
  const unnumbered = all.map((word) => word.replace(/\d+$/, '')).filter((word) => word !== '');
  const numbered = find(unnumbered);
  if (numbered)
    return { target: numbered, confidence: numbered === 'phones' || numbered === 'emails' ? 0.9 : 0.7 };

  const plain = unnumbered.filter((word) => !qualifiers.has(word));
  const qualified =
    plain.length > 0 ? (find(all.filter((word) => !qualifiers.has(word))) ?? find(plain)) : undefined;
  if (qualified) return { target: qualified, confidence: 0.8 };

  // `/person/address/city`, `addr_postcode`: what stands last.
  const ending = find(all.slice(-2)) ?? find(all.slice(-1));
  return ending && ending !== 'full_name' && ending !== 'key'
    ? { target: ending, confidence: 0.6 }
    : undefined;
}
