/**
 * Mail services where anybody can open a mailbox without owning the domain, by number of users. The domain of such an
 * address says nothing about an employer. Source: the services' own sign-up pages; kept small on purpose: a missing
 * one costs a weaker fact, a wrong one would call a company's domain a free service.
 */
export const freeMailDomains: ReadonlySet<string> = new Set(
  [
    // Google, Apple
    'gmail.com googlemail.com icloud.com me.com mac.com',
    // Microsoft
    'outlook.com hotmail.com live.com msn.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.co.uk',
    'hotmail.co.uk hotmail.de hotmail.es hotmail.fr hotmail.it live.co.uk live.de live.fr live.it live.nl passport.com',
    // Yahoo, AOL
    'yahoo.com yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.de yahoo.es',
    'yahoo.fr yahoo.in yahoo.it ymail.com rocketmail.com aol.com aol.de aol.co.uk',
    // Privacy-minded
    'proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.com tuta.io tutamail.com duck.com hey.com',
    'fastmail.com fastmail.fm posteo.de mailbox.org hushmail.com runbox.com disroot.org riseup.net',
    // Germany, Austria, Switzerland
    'gmx.de gmx.net gmx.at gmx.ch gmx.com web.de freenet.de t-online.de bluewin.ch mail.com',
    // France, Italy, Spain, Benelux
    'orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it telefonica.net ziggo.nl',
    // United Kingdom, North America
    'btinternet.com sky.com talktalk.net comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net shaw.ca',
    // Eastern Europe
    'mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net wp.pl o2.pl onet.pl interia.pl seznam.cz',
    'centrum.cz abv.bg freemail.hu citromail.hu',
    // Asia, Latin America
    'qq.com foxmail.com 163.com 126.com yeah.net sina.com sohu.com aliyun.com naver.com daum.net hanmail.net rediffmail.com',
    'zoho.com uol.com.br bol.com.br terra.com.br',
  ].flatMap((line) => line.split(' ')),
);
