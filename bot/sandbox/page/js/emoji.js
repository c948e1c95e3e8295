// Emoji by short name: those an operations channel meets. Unknown names are shown as they are written.

const TABLE = `
+1 👍|-1 👎|thumbsup 👍|thumbsdown 👎|ok_hand 👌|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|eyes 👀|point_right 👉
point_up 👆|point_down 👇|point_left 👈|raised_hand ✋|hand ✋|handshake 🤝|writing_hand ✍️|brain 🧠|robot_face 🤖|wink 😉
smile 😄|smiley 😃|grinning 😀|slightly_smiling_face 🙂|laughing 😆|joy 😂|thinking_face 🤔|sweat_smile 😅|sob 😭|cry 😢
heart_eyes 😍|neutral_face 😐|confused 😕|worried 😟|scream 😱|sunglasses 😎|exploding_head 🤯|partying_face 🥳|zzz 💤
heart ❤️|yellow_heart 💛|green_heart 💚|blue_heart 💙|broken_heart 💔|sparkles ✨|star ⭐|star2 🌟|boom 💥|collision 💥|fire 🔥
zap ⚡|rainbow 🌈|sunny ☀️|cloud ☁️|snowflake ❄️|droplet 💧|ocean 🌊|rocket 🚀|airplane ✈️|car 🚗|ambulance 🚑
fire_engine 🚒|police_car 🚓|rotating_light 🚨|construction 🚧|vertical_traffic_light 🚦|checkered_flag 🏁
triangular_flag_on_post 🚩|white_flag 🏳️|warning ⚠️|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|stop_sign 🛑|x ❌
heavy_multiplication_x ✖️|negative_squared_cross_mark ❎|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️
question ❓|grey_question ❔|exclamation ❗|bangbang ‼️|interrobang ⁉️|information_source ℹ️|recycle ♻️|sos 🆘|new 🆕|ok 🆗
red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|large_purple_circle 🟣
white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩
large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|small_red_triangle 🔺|small_red_triangle_down 🔻
small_blue_diamond 🔹|large_blue_diamond 🔷|small_orange_diamond 🔸|black_small_square ▪️|white_small_square ▫️
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_upper_right ↗️|arrow_lower_right ↘️|left_right_arrow ↔️
arrows_counterclockwise 🔄|arrows_clockwise 🔃|leftwards_arrow_with_hook ↩️|rewind ⏪|fast_forward ⏩|repeat 🔁
arrow_forward ▶️|black_square_for_stop ⏹️|double_vertical_bar ⏸️|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️
timer_clock ⏲️|alarm_clock ⏰|clock1 🕐|watch ⌚|calendar 📆|date 📅|spiral_calendar_pad 🗓️|bell 🔔|no_bell 🔕|mega 📣
loudspeaker 📢|speech_balloon 💬|thought_balloon 💭|mag 🔍|mag_right 🔎|microscope 🔬|telescope 🔭|test_tube 🧪|dna 🧬
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|clipboard 📋|memo 📝|pencil 📝|pencil2 ✏️|page_facing_up 📄
page_with_curl 📃|bookmark 🔖|bookmark_tabs 📑|books 📚|book 📖|notebook 📓|ledger 📒|file_folder 📁|open_file_folder 📂
card_index_dividers 🗂️|file_cabinet 🗄️|wastebasket 🗑️|inbox_tray 📥|outbox_tray 📤|package 📦|email 📧|envelope ✉️
mailbox 📫|pushpin 📌|round_pushpin 📍|paperclip 📎|link 🔗|scissors ✂️|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑
shield 🛡️|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️|nut_and_bolt 🔩|chains ⛓️|toolbox 🧰|magnet 🧲|bulb 💡
flashlight 🔦|battery 🔋|electric_plug 🔌|computer 💻|desktop_computer 🖥️|keyboard ⌨️|floppy_disk 💾|cd 💿|satellite 📡
satellite_antenna 📡|globe_with_meridians 🌐|earth_africa 🌍|earth_americas 🌎|ghost 👻|skull 💀|bug 🐛|beetle 🐞|ant 🐜
snail 🐌|turtle 🐢|elephant 🐘|whale 🐳|octopus 🐙|penguin 🐧|bird 🐦|hatching_chick 🐣|dog 🐶|cat 🐱|tada 🎉|confetti_ball 🎊
gift 🎁|trophy 🏆|medal 🏅|dart 🎯|game_die 🎲|jigsaw 🧩|art 🎨|coffee ☕|tea 🍵|pizza 🍕|beer 🍺|seedling 🌱|evergreen_tree 🌲
hundred 💯|100 💯|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|zero 0️⃣
bust_in_silhouette 👤|busts_in_silhouette 👥|man_health_worker 👨‍⚕️|detective 🕵️|sleuth_or_spy 🕵️|technologist 🧑‍💻
money_with_wings 💸|moneybag 💰|credit_card 💳|shopping_trolley 🛒|shopping_cart 🛒|speedboat 🚤|anchor ⚓|traffic_light 🚥
`;

const EMOJI = new Map(
  TABLE.trim().split(/[|\n]/).map((row) => {
    const cut = row.lastIndexOf(' ');
    return [row.slice(0, cut), row.slice(cut + 1)];
  }),
);

/** The character of a short name, or `null`. */
export function emoji(name) {
  return EMOJI.get(name.replace(/::skin-tone-\d$/, '')) || null;
}

/** What the reaction picker offers first. */
export const QUICK = ['eyes', 'white_check_mark', '+1', 'tada', 'heart', 'raised_hands', 'thinking_face', 'rotating_light', 'x', '-1', 'rocket', 'pray'];

/** All short names, for the composer's completion. */
export const NAMES = [...EMOJI.keys()];
