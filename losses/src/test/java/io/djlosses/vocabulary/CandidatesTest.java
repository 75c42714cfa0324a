/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNotEquals;
import static org.testng.Assert.assertSame;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/** The sampled classes, and how often they were to be expected. */
public class CandidatesTest {

    private static final long[] TARGETS = {0, 3, 3, 9};

    // ------------------------------------------------------------------ distributions

    @DataProvider
    public Object[][] distributions() {
        List<Object[]> rows = new ArrayList<>();
        for (long classes : new long[] {1, 2, 3, 10, 1000, 100_000}) {
            rows.add(new Object[] {"UNIFORM", CandidateSampler.UNIFORM, classes});
            rows.add(new Object[] {"LOG_UNIFORM", CandidateSampler.LOG_UNIFORM, classes});
        }
        return rows.toArray(Object[][]::new);
    }

    @Test(dataProvider = "distributions")
    public void probabilitiesAddUpToOne(String name, CandidateSampler sampler, long classes) {
        double sum = 0;
        for (long k = 0; k < classes; k++) {
            double p = sampler.probability(k, classes);
            assertTrue(p > 0 && p <= 1, "P(" + k + ") = " + p);
            sum += p;
        }
        assertEquals(sum, 1, 1e-11);
    }

    /** Each of the first classes, and all others together, come as often as they should. */
    @Test(dataProvider = "distributions")
    public void drawsAsItSays(String name, CandidateSampler sampler, long classes) {
        int draws = 200_000;
        RandomGenerator random = new SplittableRandom(5);
        int first = (int) Math.min(classes, 8);
        long[] counts = new long[first + 1];
        for (int i = 0; i < draws; i++) {
            long k = sampler.sample(random, classes);
            assertTrue(k >= 0 && k < classes, "drew " + k);
            counts[(int) Math.min(k, first)]++;
        }
        double rest = 1;
        for (int k = 0; k <= first; k++) {
            double p = k < first ? sampler.probability(k, classes) : Math.max(0, rest);
            rest -= p;
            double deviation = Math.sqrt(draws * p * (1 - Math.min(1, p)));
            assertEquals(counts[k], draws * p, 5 * deviation + 1e-6, "class " + k);
        }
    }

    @Test
    public void logUniformIsZipfsLaw() {
        assertEquals(CandidateSampler.UNIFORM.probability(3, 8), 0.125);
        for (long k : new long[] {0, 1, 7, 9999}) {
            double expected = Math.log((k + 2.0) / (k + 1.0)) / Math.log(10_001);
            double p = CandidateSampler.LOG_UNIFORM.probability(k, 10_000);
            assertEquals(p, expected, 1e-12 * expected, "P(" + k + ")");
        }
    }

    // ------------------------------------------------------------------ draws

    @DataProvider
    public Object[][] samplers() {
        return new Object[][] {
            {"UNIFORM", CandidateSampler.UNIFORM}, {"LOG_UNIFORM", CandidateSampler.LOG_UNIFORM},
        };
    }

    @Test(dataProvider = "samplers")
    public void drawsDistinctClasses(String name, CandidateSampler sampler) {
        for (int numSampled : new int[] {1, 5, 10}) {
            Candidates.Drawn drawn =
                    new Candidates.Random(sampler, numSampled, true, 7).draw(TARGETS, 10);
            assertEquals(drawn.ids().length, numSampled);
            assertEquals(LongStream.of(drawn.ids()).distinct().count(), numSampled);
            assertTrue(LongStream.of(drawn.ids()).allMatch(id -> id >= 0 && id < 10));
        }
    }

    /** Where classes may come again, as many as the draws are expected: P times their number. */
    @Test(dataProvider = "samplers")
    public void drawsClassesAgain(String name, CandidateSampler sampler) {
        int numSampled = 40;
        Candidates.Drawn drawn =
                new Candidates.Random(sampler, numSampled, false, 7).draw(TARGETS, 10);
        assertEquals(drawn.ids().length, numSampled);
        assertTrue(LongStream.of(drawn.ids()).distinct().count() <= 10);
        assertCounts(drawn.trueCount(), TARGETS, id -> 40 * sampler.probability(id, 10));
        assertCounts(drawn.sampledCount(), drawn.ids(), id -> 40 * sampler.probability(id, 10));
    }

    /** Of distinct classes it is the probability that one comes in all tries: 1 − (1 − P)ᵗ. */
    @Test
    public void countsTheTries() {
        Sequence sequence = new Sequence(2, 2, 2, 5, 2, 0);
        Candidates.Drawn drawn = new Candidates.Random(sequence, 3, true, 7).draw(TARGETS, 10);
        assertEquals(drawn.ids(), new long[] {2, 5, 0});
        assertCounts(
                drawn.trueCount(),
                TARGETS,
                id -> 1 - Math.pow(1 - sequence.probability(id, 10), 6));
        assertCounts(
                drawn.sampledCount(),
                drawn.ids(),
                id -> 1 - Math.pow(1 - sequence.probability(id, 10), 6));
        assertTrue(sequence.left.isEmpty(), "more draws than it takes");
    }

    /** Where no class came twice that is P times the number of classes, as in TensorFlow. */
    @Test
    public void countsDrawsWithoutARejection() {
        Sequence sequence = new Sequence(2, 5, 0);
        Candidates.Drawn drawn = new Candidates.Random(sequence, 3, true, 7).draw(TARGETS, 10);
        assertCounts(drawn.trueCount(), TARGETS, id -> 3 * sequence.probability(id, 10));
        assertCounts(drawn.sampledCount(), drawn.ids(), id -> 3 * sequence.probability(id, 10));
    }

    @DataProvider
    public Object[][] uniqueness() {
        return new Object[][] {{true}, {false}};
    }

    @Test(dataProvider = "uniqueness")
    public void repeatsByItsSeed(boolean unique) {
        List<String> once = draws(unique, 11);
        assertEquals(draws(unique, 11), once);
        assertEquals(once.stream().distinct().count(), once.size(), "one draw is as the last");
        assertNotEquals(draws(unique, 12), once);
    }

    /** The seed 0 stands for another one each time. */
    @Test(dataProvider = "uniqueness")
    public void drawsAnewWithoutASeed(boolean unique) {
        assertNotEquals(draws(unique, 0), draws(unique, 0));
    }

    private static List<String> draws(boolean unique, long seed) {
        Candidates candidates = new Candidates.Random(CandidateSampler.UNIFORM, 8, unique, seed);
        List<String> draws = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            draws.add(Arrays.toString(candidates.draw(TARGETS, 1L << 40).ids()));
        }
        return draws;
    }

    // ------------------------------------------------------------------ classes that are given

    @Test
    public void givesWhatItWasGiven() {
        Candidates.Drawn drawn = drawn(new long[] {4, 4}, 2, 0.5);
        Candidates given = new Candidates.Given(drawn, 1).checked("Loss", 2);
        given.check("Loss", 2, 5);
        assertSame(given.draw(TARGETS, 5), drawn);
    }

    @DataProvider
    public Object[][] badCounts() {
        String positive = "Loss: an expected count of sampledValues must be finite and greater";
        return new Object[][] {
            {
                drawn(new long[] {1, 2}, 1, 0.5),
                3,
                "Loss: sampledValues must hold numSampled = 3 ids and expected counts, but was 2"
                        + " and 2"
            },
            {
                new Candidates.Drawn(new long[] {1}, new double[] {1}, new double[] {1, 1}),
                1,
                "Loss: sampledValues must hold numSampled = 1 ids and expected counts, but was 1"
                        + " and 2"
            },
            {drawn(new long[] {1}, 1, 0), 1, positive + " than 0, but was 0.0"},
            {drawn(new long[] {1}, 1, -1), 1, positive + " than 0, but was -1.0"},
            {drawn(new long[] {1}, 1, Double.NaN), 1, positive + " than 0, but was NaN"},
            {
                new Candidates.Drawn(
                        new long[] {1}, new double[] {Double.POSITIVE_INFINITY}, new double[] {1}),
                1,
                positive + " than 0, but was Infinity"
            },
        };
    }

    @Test(dataProvider = "badCounts")
    public void rejectsBadCounts(Candidates.Drawn drawn, int numSampled, String message) {
        Candidates.Given given = new Candidates.Given(drawn, 1);
        assertMessage(() -> given.checked("Loss", numSampled), message);
    }

    @Test
    public void rejectsWhatDoesNotFitTheBatch() {
        Candidates given = new Candidates.Given(drawn(new long[] {4, 0}, 6, 1), 3);
        given.check("Loss", 2, 5);
        assertMessage(
                () -> given.check("Loss", 3, 5),
                "Loss: sampledValues must hold an expected count for each of the 9 true classes,"
                        + " but was 6");
        assertMessage(
                () -> given.check("Loss", 2, 4),
                "Loss: sampledValues must hold class indices in [0, 4), but was 4");
        Candidates negative = new Candidates.Given(drawn(new long[] {-1}, 1, 1), 1);
        assertMessage(
                () -> negative.check("Loss", 1, 4),
                "Loss: sampledValues must hold class indices in [0, 4), but was -1");
    }

    // ------------------------------------------------------------------ helpers

    /** Returns classes with an expected count of 1 for each target, and one for each class. */
    private static Candidates.Drawn drawn(long[] ids, int targets, double count) {
        double[] trueCount = new double[targets];
        double[] sampledCount = new double[ids.length];
        Arrays.fill(trueCount, 1);
        Arrays.fill(sampledCount, count);
        return new Candidates.Drawn(ids, trueCount, sampledCount);
    }

    private interface Count {
        double of(long id);
    }

    private static void assertCounts(double[] actual, long[] ids, Count expected) {
        assertEquals(actual.length, ids.length);
        for (int i = 0; i < ids.length; i++) {
            assertEquals(actual[i], expected.of(ids[i]), 1e-14, "class " + ids[i]);
        }
    }

    private static void assertMessage(Runnable code, String message) {
        IllegalArgumentException e = expectThrows(IllegalArgumentException.class, code::run);
        assertEquals(e.getMessage(), message);
    }

    /** Draws given classes in their order; class k of C has the probability (k + 1) / 100. */
    private static final class Sequence implements CandidateSampler {

        final Deque<Long> left = new ArrayDeque<>();

        Sequence(long... ids) {
            LongStream.of(ids).forEach(left::add);
        }

        @Override
        public long sample(RandomGenerator random, long classes) {
            return left.remove();
        }

        @Override
        public double probability(long id, long classes) {
            return (id + 1) / 100.0;
        }
    }
}
