/** The commonest passwords that are long enough for us: keyboard rows, repeated words, and names with counted digits. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `
    0123456789012 012345678910 098765432112 111122223333 112233445566 121212121212 123123123123
    123412341234 123456789012 1234567890123 12345678901234 123456789123 1234567891234 147258369147
    159357159357 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv 741852963741
    987654321012 987654321098 abc123abc123 abcabcabcabc abcd1234abcd abcdefg12345 abcdefghijkl
    abcdefghijklm admin1234567 admin12345678 adminadminadmin administrator administrator1 alexander123
    arsenalarsenal asdfasdfasdf asdfghjkl123 asdfghjkl1234 asdfghjklzxcvbnm barcelona123 baseball1234
    blessed12345 blink182blink businessbusiness butterfly123 changeme1234 changeme12345 changemechangeme
    charlie12345 chelseafootball chocolate123 christopher1 company12345 computer1234
    correcthorsebatterystaple defaultpassword dragondragon elizabeth123 facebook1234 facebook12345
    football1234 forever12345 godisgood123 goodmorning1 google123456 guestguestguest happybirthday
    happybirthday1 hellohellohello helloworld12 helloworld123 iloveyou1234 iloveyou12345 iloveyouforever
    iloveyouiloveyou iloveyousomuch internet1234 jennifer1234 jesuschrist1 jesusislord1 jordan123456
    letmein12345 letmein123456 letmeinletmein liverpoolfc1 lovelovelove lovelylovely manchesterunited
    michael12345 minecraft123 monkeymonkey mustang12345 mypassword123 mypassword1234 nevergonnagiveyouup
    p@ssw0rd1234 p@ssword1234 passw0rd1234 password123! password1234 password12345 password123456
    password2024 password2025 password2026 passwordpassword pokemonpokemon princess1234 q1w2e3r4t5y6
    qwerty123456 qwerty1234567 qwerty12345678 qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiop1234
    qwertyuiop[] qwertyuiopasdf qwertyuiopasdfghjkl qwertyuiopqwertyuiop realmadrid123 rootrootroot
    samsung12345 secret123456 secretsecret shadowshadow starwars1234 starwarsstarwars strawberry12
    summer202024 sunshine1234 superman1234 supersecret123 temporary1234 temppassword test12345678
    testpassword testpassword1 testtesttest thequickbrownfox tobeornottobe topsecret123 trustno1trustno1
    welcome12345 welcome123456 welcomewelcome whatever1234 winter202024 yourpassword zaq12wsxcde3
    zxcvbnm12345 zxcvbnmasdfgh
  `
    .trim()
    .split(/\s+/),
);
