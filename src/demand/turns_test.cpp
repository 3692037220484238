#include "demand/turns.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace busbar {
namespace {

using namespace std::chrono_literals;
using enum Place::Standing;
constexpr SteadyPoint kStart{100h};

void expect_near(std::int64_t value, std::int64_t expected, std::int64_t tolerance) {
    EXPECT_LE(std::abs(value - expected), tolerance) << value << " is not like " << expected;
}

Place standing(Place::Standing standing, Amperes limit = 0_A, SteadyPoint since = kStart) {
    Place place(kStart);
    place.stand(standing, limit, since);
    return place;
}

TEST(Place, AveragesWhatItWasGivenOverTheTimeItWanted) {
    Place place(kStart);
    EXPECT_EQ(place.average_micro(kStart + 1h), 0);
    place.stand(kWaiting, 0_A, kStart + 1h);  // What it did not want does not count.
    place.stand(kAdmitted, 6_A, kStart + 1h + 30min);
    place.stand(kIdle, 0_A, kStart + 1h + 45min);
    EXPECT_EQ(place.average_micro(kStart + 9h), 2'000'000);
    place.stand(kAdmitted, 12_A, kStart + 9h);
    EXPECT_EQ(place.average_micro(kStart + 9h + 15min), 4'500'000);
}

TEST(Place, CountsTheSameHoweverOftenItIsTold) {
    Place seldom = standing(kAdmitted, 7_A);
    Place often = seldom;
    for (const auto standing : {kWaiting, kAdmitted}) {
        const auto from = kStart + (standing == kWaiting ? 50h : 100h);
        seldom.stand(standing, 5_A, from);
        for (auto now = from; now < from + 50h; now += 7s) often.stand(standing, 5_A, now);
    }
    expect_near(seldom.average_micro(kStart + 150h), often.average_micro(kStart + 150h), 1);
    EXPECT_EQ(seldom.average_micro(kStart + 150h), 5'000'000);
}

TEST(Place, LetsAnEarlierPlentyFadeInHours) {
    Place place = standing(kAdmitted, 32_A);
    place.stand(kWaiting, 0_A, kStart + 12h);
    EXPECT_GT(place.average_micro(kStart + 13h), 10'000'000);
    EXPECT_LT(place.average_micro(kStart + 20h), 4'000'000);
}

TEST(Place, ThatIsLeftAloneForYearsDoesNotOverflow) {
    Place place = standing(kAdmitted, Amperes::milli(kMaxInputMilli));
    EXPECT_EQ(place.average_micro(kStart + 24h * 3'650), 1'000'000'000'000);
    EXPECT_GT(turn_of(place, {}, kStart + 24h * 3'650).number, 0);
}

TEST(Turn, OrdersByBandThenPlaceThenWhatWasGiven) {
    const auto now = kStart + 1h;
    Place starved = standing(kWaiting);
    starved.stand(kAdmitted, 6_A, kStart + 10min);
    starved.stand(kWaiting, 0_A, kStart + 20min);
    Place fed = standing(kAdmitted, 16_A);
    Place fresh = standing(kAdmitted, 32_A, kStart + 50min);
    Place newcomer = standing(kWaiting, 0_A, kStart + 59min);
    Place paused = fed;
    paused.stand(kWaiting, 0_A, kStart + 58min);

    const std::vector<std::int64_t> numbers{
        turn_of(fed, {.band = 9, .may_pause = false}, now).number,
        turn_of(newcomer, {.band = 1}, now).number,
        turn_of(fresh, {}, now).number,
        turn_of(starved, {.urgent = true}, now).number,
        turn_of(newcomer, {}, now).number,
        turn_of(starved, {}, now).number,
        turn_of(fed, {}, now).number,
        turn_of(paused, {}, now).number,
        turn_of(fresh, {.band = 6}, now).number,
        turn_of(fresh, {.band = 1, .last = true}, now).number,
    };
    EXPECT_TRUE(std::ranges::is_sorted(numbers));
    EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
}

TEST(Turn, KeepsAPlaceForItsSlot) {
    Place place = standing(kWaiting);
    place.stand(kAdmitted, 6_A, kStart + 1h);
    place.stand(kWaiting, 0_A, kStart + 2h);
    place.stand(kAdmitted, 6_A, kStart + 3h);
    const Turn turn = turn_of(place, {}, kStart + 3h);
    EXPECT_EQ(turn.until, kStart + 3h + 15min);
    const Turn newcomer = turn_of(standing(kWaiting), {}, kStart + 3h);
    EXPECT_LT(turn_of(place, {}, kStart + 3h + 15min - 1s).number, newcomer.number);
    EXPECT_GT(turn_of(place, {}, kStart + 3h + 15min).number, newcomer.number);
}

TEST(Turn, KeepsAFirstPlaceForThreeMinutesAtLeast) {
    Place place = standing(kAdmitted, 6_A);
    EXPECT_EQ(turn_of(place, {.slot = 1min}, kStart).until, kStart + 3min);
    place.stand(kWaiting, 0_A, kStart + 3min);
    place.stand(kAdmitted, 6_A, kStart + 10min);
    EXPECT_EQ(turn_of(place, {.slot = 1min}, kStart + 10min).until, kStart + 11min);
}

TEST(Turn, RestsForFiveMinutesAfterAPause) {
    Place place = standing(kAdmitted, 6_A);
    place.stand(kWaiting, 0_A, kStart + 15min);
    EXPECT_TRUE(turn_of(place, {}, kStart + 20min - 1s).rests);
    EXPECT_EQ(turn_of(place, {}, kStart + 16min).until, kStart + 20min);
    EXPECT_FALSE(turn_of(place, {}, kStart + 20min).rests);
    EXPECT_FALSE(turn_of(standing(kWaiting), {}, kStart).rests);
}

TEST(Turn, IsNeverLostByWhatMustNotBePaused) {
    const Place place = standing(kAdmitted, 6_A);
    const auto later = kStart + 10h;
    EXPECT_EQ(turn_of(place, {.may_pause = false}, later).until, std::nullopt);
    EXPECT_EQ(turn_of(place, {.urgent = true}, later).until, std::nullopt);
    EXPECT_EQ(turn_of(place, {.slot = 0min}, later).until, std::nullopt);
    // Urgent is so in its band only.
    const auto first = turn_of(standing(kWaiting), {.band = 1}, later).number;
    EXPECT_LT(turn_of(place, {.may_pause = false}, later).number, first);
    EXPECT_GT(turn_of(place, {.urgent = true}, later).number, first);
}

TEST(Turn, WithoutRotationWhoCameFirstStaysFirst) {
    Place charged = standing(kAdmitted, 16_A);
    charged.stand(kWaiting, 0_A, kStart + 1h);
    const auto now = kStart + 1h + 1s;
    EXPECT_EQ(turn_of(charged, {.slot = 0min}, now).number,
              turn_of(standing(kWaiting), {.slot = 0min}, now).number);
    EXPECT_FALSE(turn_of(charged, {.slot = 0min}, now).rests);
}

TEST(Turn, SaysWhenAWaitingCarCanComeInAtTheEarliest) {
    const auto now = kStart + 5min;
    const Turn waiting = turn_of(standing(kWaiting), {}, now);
    const std::vector<Turn> others{
        turn_of(standing(kAdmitted, 6_A, kStart), {}, now),
        turn_of(standing(kAdmitted, 6_A, kStart + 4min), {}, now),
        turn_of(standing(kAdmitted, 6_A, kStart), {.band = 1}, now),
        turn_of(standing(kAdmitted, 6_A, kStart), {.may_pause = false}, now),
    };
    EXPECT_EQ(comes_in_at(waiting, others, now), kStart + 15min);
    EXPECT_EQ(comes_in_at(waiting, std::span(others).subspan(2), now), std::nullopt);
    EXPECT_EQ(comes_in_at(waiting, others, kStart + 1h), kStart + 1h);
    Place paused = standing(kAdmitted, 6_A, kStart);
    paused.stand(kWaiting, 0_A, kStart + 12min);
    EXPECT_EQ(comes_in_at(turn_of(paused, {}, kStart + 12min), others, kStart + 12min),
              kStart + 17min);
}

TEST(Turn, NothingChangesByItselfWhileNobodyWaits) {
    const std::vector charging(5, turn_of(standing(kAdmitted, 6_A), {}, kStart));
    EXPECT_EQ(next_change(charging, kStart + 5min), std::nullopt);
    auto turns = charging;
    turns.push_back(turn_of(standing(kWaiting), {}, kStart));
    EXPECT_EQ(next_change(turns, kStart + 5min), kStart + 15min);
    EXPECT_EQ(next_change(turns, kStart + 20min), kStart + 21min);
    turns.back() = turn_of(standing(kWaiting), {.last = true}, kStart);
    EXPECT_EQ(next_change(turns, kStart + 5min), std::nullopt);
}

// So many cars before so many places of 6 A, as the solver admits them: by turn, then arrival,
// then index. It looks when next_change() says so, and besides every `look`.
class Garage {
public:
    struct Guest {
        Place place{kStart};
        Claim claim = {};
        bool present = false;
        bool wants = true;
        SteadyPoint arrived = {};
        SteadyPoint switched_at = {};
        std::int64_t charged_s = 0;
        int switches = 0;
        Duration shortest_on = 1'000h;
        Duration shortest_off = 1'000h;
        Duration longest_wait{};
    };
    Garage(std::size_t cars, int places) : guests(cars), places_(places) {}

    void arrive(std::size_t car) {
        guests[car] = {.place = Place(now),
                       .claim = guests[car].claim,
                       .present = true,
                       .arrived = now,
                       .switched_at = now};
    }
    void arrive_all() {
        for (std::size_t car = 0; car < guests.size(); ++car) arrive(car);
    }
    // As after a restart of the server: what it knew of the past is gone.
    void forget() {
        for (auto& guest : guests) {
            const auto was = guest.place.standing();
            guest.place = Place(now);
            guest.place.stand(was, was == kAdmitted ? 6_A : 0_A, now);
        }
    }
    void run(Duration time, Duration look = 10s) {
        for (const auto end = now + time; now < end;) {
            resolve();
            auto next = std::min<SteadyPoint>(now + look, end);
            if (const auto change = next_change(turns_, now)) next = std::min(next, *change);
            const auto passed = std::chrono::duration_cast<std::chrono::seconds>(next - now);
            for (auto& guest : guests)
                if (guest.place.standing() == kAdmitted) guest.charged_s += passed.count();
            now = next;
        }
        resolve();
    }
    int places() const { return places_; }
    int charging() const {
        return static_cast<int>(std::ranges::count_if(
            guests, [](const Guest& g) { return g.place.standing() == kAdmitted; }));
    }

    std::vector<Guest> guests;
    SteadyPoint now = kStart;

private:
    void resolve() {
        order_.clear();
        turns_.clear();
        for (std::size_t car = 0; car < guests.size(); ++car) {
            auto& guest = guests[car];
            if (!guest.present || !guest.wants) {
                guest.place.stand(kIdle, 0_A, now);
            } else if (guest.place.standing() == kIdle) {
                guest.place.stand(kWaiting, 0_A, now);
            }
            turns_.push_back(turn_of(guest.place, guest.claim, now));
            if (guest.place.standing() != kIdle && !turns_.back().rests) order_.push_back(car);
        }
        std::ranges::sort(order_, {}, [this](std::size_t car) {
            return std::tuple(turns_[car].number, guests[car].arrived, car);
        });
        std::vector<bool> admitted(guests.size());
        for (std::size_t i = 0; i < order_.size() && i < std::size_t(places_); ++i)
            admitted[order_[i]] = true;
        for (std::size_t car = 0; car < guests.size(); ++car) {
            if (guests[car].place.standing() != kIdle) stand(guests[car], admitted[car]);
            turns_[car] = turn_of(guests[car].place, guests[car].claim, now);
        }
    }
    void stand(Guest& guest, bool admitted) {
        const bool was = guest.place.standing() == kAdmitted;
        const auto passed = std::chrono::duration_cast<Duration>(now - guest.switched_at);
        if (!admitted) guest.longest_wait = std::max(guest.longest_wait, was ? Duration{} : passed);
        if (was != admitted) {
            auto& shortest = was ? guest.shortest_on : guest.shortest_off;
            if (was || guest.switches > 0) shortest = std::min(shortest, passed);
            guest.switched_at = now;
            ++guest.switches;
        }
        guest.place.stand(admitted ? kAdmitted : kWaiting, admitted ? 6_A : 0_A, now);
    }

    int places_;
    std::vector<Turn> turns_;
    std::vector<std::size_t> order_;
};

TEST(Rotation, GivesEightCarsALikeShareOfThreePlaces) {
    Garage garage(8, 3);
    garage.arrive_all();
    garage.run(24h);
    for (const auto& guest : garage.guests) {
        expect_near(guest.charged_s, 9 * 3'600, 15 * 60);
        EXPECT_GE(guest.shortest_on, 15min);
        EXPECT_GE(guest.shortest_off, 5min);
        EXPECT_LE(guest.longest_wait, 40min);
        EXPECT_LE(guest.switches, 2 * 24 * 60 / 40 + 2);  // A round takes 40 minutes.
    }
    EXPECT_EQ(garage.charging(), 3);
}

TEST(Rotation, LetsNobodySwitchWhereAllFit) {
    Garage garage(8, 8);
    garage.arrive_all();
    garage.run(24h);
    for (const auto& guest : garage.guests) EXPECT_EQ(guest.switches, 1);
}

TEST(Rotation, GivesTheSameWhetherItLooksOftenOrOnlyWhenItMust) {
    Garage often(8, 3);
    Garage seldom(8, 3);
    for (auto* garage : {&often, &seldom}) garage->arrive_all();
    often.run(12h, 1s);
    seldom.run(12h, 12h);
    for (std::size_t car = 0; car < 8; ++car)
        EXPECT_EQ(often.guests[car].charged_s, seldom.guests[car].charged_s);
}

TEST(Rotation, IsAsFairAfterRestartsThatForgetAll) {
    Garage garage(8, 3);
    garage.arrive_all();
    for (int i = 0; i < 6; ++i) {
        garage.run(4h + i * 7min);
        garage.forget();
    }
    const std::int64_t ideal = (garage.now - kStart) / 1s * 3 / 8;
    for (const auto& guest : garage.guests) {
        expect_near(guest.charged_s, ideal, ideal / 10);
        EXPECT_GE(guest.shortest_on, 15min);
        EXPECT_LE(guest.longest_wait, 80min);
    }
}

TEST(Rotation, LetsANewcomerInWithinASlotAndThenTreatsItLikeAll) {
    Garage garage(8, 3);
    for (std::size_t car = 0; car < 7; ++car) garage.arrive(car);
    garage.run(6h + 1min);
    garage.arrive(7);
    const auto before = garage.guests;
    garage.run(14min - 1s);
    EXPECT_EQ(garage.guests[7].place.standing(), kWaiting);
    garage.run(1s);
    EXPECT_EQ(garage.guests[7].place.standing(), kAdmitted);
    garage.run(12h - 14min);
    for (std::size_t car = 0; car < 8; ++car)
        expect_near(garage.guests[car].charged_s - before[car].charged_s, 12 * 3'600 * 3 / 8,
                    30 * 60);
}

TEST(Rotation, NeverTakesThePlaceOfWhatMustNotBePaused) {
    Garage garage(8, 3);
    garage.guests[0].claim.may_pause = false;
    garage.arrive_all();
    garage.run(24h);
    EXPECT_EQ(garage.guests[0].charged_s, 24 * 3'600);
    for (std::size_t car = 1; car < 8; ++car)
        expect_near(garage.guests[car].charged_s, 24 * 3'600 * 2 / 7, 15 * 60);
}

TEST(Rotation, ServesAnEarlierBandFirstAndTurnsWithinTheNext) {
    Garage garage(6, 3);
    garage.guests[4].claim.band = garage.guests[5].claim.band = 1;
    garage.arrive_all();
    garage.run(12h);
    EXPECT_EQ(garage.guests[4].charged_s, 12 * 3'600);
    EXPECT_EQ(garage.guests[5].charged_s, 12 * 3'600);
    for (std::size_t car = 0; car < 4; ++car)
        expect_near(garage.guests[car].charged_s, 3 * 3'600, 15 * 60);
}

TEST(Rotation, WithoutASlotWhoCameFirstCharges) {
    Garage garage(5, 2);
    for (auto& guest : garage.guests) guest.claim.slot = 0min;
    for (std::size_t car = 0; car < 5; ++car) {
        garage.arrive(car);
        garage.run(1min);
    }
    garage.run(10h);
    EXPECT_EQ(garage.guests[0].switches, 1);
    EXPECT_EQ(garage.guests[2].charged_s, 0);
    garage.guests[0].present = false;
    garage.run(1min);
    EXPECT_EQ(garage.guests[2].place.standing(), kAdmitted);
}

// How long a car may have to wait at most: for the others' slots, and, where it had plenty before,
// until its average has come down from all of a place to what so many have of one. It halves with
// each half of the memory.
Duration longest_wait(std::size_t cars, Duration slot) {
    const auto halvings = static_cast<std::int64_t>(std::bit_width(cars - 1));
    return 2 * slot * static_cast<std::int64_t>(cars) + halvings * Place::kMemory / 2;
}

// Cars that come and go by chance, for half a day or so.
Garage garage_of(unsigned seed, const std::function<void(const Garage&, Duration slot)>& look) {
    std::mt19937 random(seed);
    const auto cars = 2 + random() % 12;
    const auto places = 1 + static_cast<int>(random() % 4);
    const Duration slot = std::chrono::minutes{1 + random() % 30};
    Garage garage(cars, places);
    for (auto& guest : garage.guests) guest.claim.slot = slot;
    for (int step = 0; step < 40; ++step) {
        const auto car = random() % cars;
        if (!garage.guests[car].present)
            garage.arrive(car);
        else if (random() % 3 == 0)
            garage.guests[car].present = false;
        garage.run(std::chrono::seconds{1 + random() % 2'400}, 60s);
        look(garage, slot);
    }
    return garage;
}

TEST(Rotation, KeepsItsPromisesHoweverCarsComeAndGo) {
    EXPECT_TRUE(rc::check("slots, rests, waits and full use", [](unsigned seed) {
        garage_of(seed, [](const Garage& garage, Duration slot) {
            int rests = 0;
            int wanting = 0;
            for (const auto& guest : garage.guests) {
                const bool wants = guest.present && guest.place.standing() != kIdle;
                wanting += wants;
                rests += wants && turn_of(guest.place, guest.claim, garage.now).rests;
                RC_ASSERT(guest.shortest_on >= slot);
                RC_ASSERT(guest.shortest_off >= Turn::kRest);
                RC_ASSERT(guest.longest_wait <= longest_wait(garage.guests.size(), slot));
            }
            RC_ASSERT(garage.charging() >= std::min(garage.places(), wanting - rests));
        });
    }));
}

// One place, and slots of a minute: two share it for more than an hour, then six more come, and the
// two wait until those have had as much on average.
TEST(Rotation, LetsThoseWhoHadPlentyWaitUntilTheOthersHaveHadAsMuchAndNoLonger) {
    Duration waited{};
    const auto garage = garage_of(375'203'514, [&](const Garage& now, Duration) {
        for (const auto& guest : now.guests) waited = std::max(waited, guest.longest_wait);
    });
    EXPECT_EQ(garage.places(), 1);
    EXPECT_EQ(waited, 6'508s);
    EXPECT_LE(waited, longest_wait(garage.guests.size(), 1min));
}

}  // namespace
}  // namespace busbar
