/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.sequence;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertTrue;

import org.jspecify.annotations.Nullable;
import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** The forward-backward algorithm against a list of all alignments, which it never makes. */
public class CtcAlignmentTest {

    /** The samples of a batch; each is aligned, and the others must stay as they are. */
    private static final int SAMPLES = 3;

    private static final double STEP = 1e-5;

    /** What the scores are. */
    private enum Kind {
        /** Log-probabilities that are normalized. */
        LOG_PROBS,
        /** Any log-scores: the algorithm asks for no normalization. */
        UNNORMALIZED,
        /** Logits, with their softmax. */
        LOGITS
    }

    /** The labels of targets, where 0 is the blank. */
    private static final long[][] LABELS = {
        {}, {1}, {2}, {1, 2}, {1, 1}, {2, 2, 2}, {1, 2, 1}, {1, 1, 2}, {2, 1, 1}, {1, 2, 1, 2},
    };

    @DataProvider
    public Object[][] targets() {
        List<Object[]> rows = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            // Of the large ones the probabilities underflow, and logarithms are added instead.
            for (double spread : new double[] {2, 1500}) {
                for (int steps = 1; steps <= 5; steps++) {
                    for (long[] labels : LABELS) {
                        int blank = steps % 2 == 0 ? 3 : 0;
                        rows.add(new Object[] {kind, spread, steps, shift(labels, blank)});
                    }
                }
            }
        }
        return rows.toArray(Object[][]::new);
    }

    /** The loss and its gradient are those of the sum over all alignments. */
    @Test(dataProvider = "targets")
    public void sumsAllAlignments(Kind kind, double spread, int steps, Target target) {
        Batch batch = new Batch(kind, spread, steps, target);
        Expected expected = batch.enumerate(Alignments::collapsing);
        double scale = -1.75;

        double[] gradient = filled(batch.scores.length, 0);
        CtcAlignment alignment = batch.alignment(gradient);
        for (int n : new int[] {1, 0, 1}) {
            // Twice the same sample, and another between: nothing is left over from the last one.
            Arrays.fill(gradient, 0);
            double loss = batch.loss(alignment, n, scale, false);
            assertClose(loss, expected.losses[n], "loss of sample " + n);
            for (int i = 0; i < gradient.length; i++) {
                double want =
                        batch.sampleOf(i) == n ? scale * expected.gradient[i] : 0; // NaN · 0 is NaN
                assertClose(gradient[i], want, "gradient of score " + i + " for sample " + n);
            }
        }
    }

    /** Without a gradient only two steps are kept, and the loss is the same to the bit. */
    @Test(dataProvider = "targets")
    public void givesTheSameWithoutAGradient(Kind kind, double spread, int steps, Target target) {
        Batch batch = new Batch(kind, spread, steps, target);
        for (int n = 0; n < SAMPLES; n++) {
            double with = batch.loss(batch.alignment(filled(batch.scores.length, 0)), n, 1, false);
            assertEquals(batch.loss(batch.alignment(null), n, 1, false), with, 0.0);
        }
    }

    /** The gradient is the slope of the loss. */
    @Test(dataProvider = "targets")
    public void agreesWithFiniteDifferences(Kind kind, double spread, int steps, Target target) {
        Batch batch = new Batch(kind, Math.min(spread, 20), steps, target);
        double[] gradient = filled(batch.scores.length, 0);
        double loss = batch.loss(batch.alignment(gradient), 1, 1, false);
        if (Double.isInfinite(loss)) {
            assertTrue(target.steps() > steps, "an alignment was there");
            return;
        }
        for (int i = 0; i < gradient.length; i++) {
            double up = batch.moved(i, STEP).loss(1);
            double down = batch.moved(i, -STEP).loss(1);
            assertEquals(gradient[i], (up - down) / (2 * STEP), 1e-7, "slope of score " + i);
        }
    }

    /** What does not fit into the steps is infinite, or 0 where that is asked for. */
    @Test(dataProvider = "targets")
    public void knowsWhatIsImpossible(Kind kind, double spread, int steps, Target target) {
        Batch batch = new Batch(kind, spread, steps, target);
        boolean fits = target.steps() <= steps;
        for (boolean zeroInfinity : new boolean[] {false, true}) {
            double[] gradient = filled(batch.scores.length, 0);
            double loss = batch.loss(batch.alignment(gradient), 1, 1, zeroInfinity);
            assertEquals(Double.isFinite(loss), fits || zeroInfinity);
            for (int i = 0; i < gradient.length; i++) {
                boolean isNaN = !fits && !zeroInfinity && batch.sampleOf(i) == 1;
                assertEquals(Double.isNaN(gradient[i]), isNaN, "score " + i);
            }
            if (!fits) {
                assertEquals(loss, zeroInfinity ? 0 : Double.POSITIVE_INFINITY, 0.0);
                assertTrue(!zeroInfinity || Arrays.stream(gradient).allMatch(g -> g == 0));
            }
        }
    }

    /** A class of score −∞ cannot occur: its alignments are left out, and none may remain. */
    @Test
    public void leavesOutWhatCannotOccur() {
        int impossible = 0;
        for (long[] labels : new long[][] {{}, {1}, {1, 2}, {1, 1}}) {
            for (int at = 0; at < 3 * 4; at++) {
                Batch batch = new Batch(Kind.UNNORMALIZED, 2, 3, shift(labels, 0));
                batch.scores[batch.index(1, at / 4, at % 4)] = Double.NEGATIVE_INFINITY;
                Expected expected = batch.enumerate(Alignments::collapsing);
                double[] gradient = filled(batch.scores.length, 0);
                double loss = batch.loss(batch.alignment(gradient), 1, 1, false);
                assertClose(loss, expected.losses[1], "loss");
                impossible += loss == Double.POSITIVE_INFINITY ? 1 : 0;
                for (int i = 0; i < gradient.length; i++) {
                    double want = batch.sampleOf(i) == 1 ? expected.gradient[i] : 0;
                    assertClose(gradient[i], want, "gradient of score " + i);
                }
            }
        }
        // Without the blank of any step the empty target is impossible, as is (1, 1), which needs
        // all three steps, without a class of any.
        assertEquals(impossible, 6);
    }

    /** Nothing is lost where a product of probabilities has few digits left, or none. */
    @Test
    public void keepsItsDigitsNearUnderflow() {
        for (int distance = 600; distance <= 760; distance += 4) {
            for (Kind kind : Kind.values()) {
                for (long[] labels : new long[][] {{1}, {1, 2}, {1, 1}}) {
                    Batch batch = new Batch(kind, 2, 3, shift(labels, 0));
                    for (int i = 0; i < batch.scores.length; i++) {
                        batch.scores[i] -= i % 4 == 0 ? 0 : distance;
                    }
                    Expected expected = batch.enumerate(Alignments::collapsing);
                    double[] gradient = filled(batch.scores.length, 0);
                    double loss = batch.loss(batch.alignment(gradient), 1, 1, false);
                    assertClose(loss, expected.losses[1], "loss at " + distance);
                    for (int i = 0; i < gradient.length; i++) {
                        double want = batch.sampleOf(i) == 1 ? expected.gradient[i] : 0;
                        assertClose(gradient[i], want, "gradient at " + distance);
                    }
                }
            }
        }
    }

    /** A blank inside a target is a label like any other, with a state between two blanks. */
    @Test
    public void takesABlankForALabel() {
        for (long[] labels : new long[][] {{0}, {1, 0}, {0, 1}, {1, 0, 1}, {0, 0}}) {
            Batch batch = new Batch(Kind.LOG_PROBS, 2, 4, new Target(0, labels));
            Expected expected = batch.enumerate(Alignments::walking);
            double[] gradient = filled(batch.scores.length, 0);
            double loss = batch.loss(batch.alignment(gradient), 1, 1, false);
            assertClose(loss, expected.losses[1], "loss of " + Arrays.toString(labels));
            for (int i = 0; i < gradient.length; i++) {
                double want = batch.sampleOf(i) == 1 ? expected.gradient[i] : 0;
                assertClose(gradient[i], want, "gradient of score " + i);
            }
        }
    }

    /** Both lists of alignments are the same one where no blank is inside the target. */
    @Test
    public void listsAlignmentsAlike() {
        for (long[] labels : LABELS) {
            for (int steps = 1; steps <= 5; steps++) {
                Target target = shift(labels, 3);
                List<int[]> collapsing = Alignments.collapsing(steps, 4, target);
                List<int[]> walking = Alignments.walking(steps, 4, target);
                assertEquals(sorted(walking), sorted(collapsing));
                assertEquals(collapsing.isEmpty(), target.steps() > steps);
            }
        }
    }

    /** An input without steps holds the empty target, for sure, and no other. */
    @Test
    public void knowsAnInputWithoutSteps() {
        double[] gradient = {7, 7};
        double[] scores = {0, 0};
        CtcAlignment alignment = new CtcAlignment(() -> scores, null, 2, 0, gradient);
        double infinity = Double.POSITIVE_INFINITY;
        assertEquals(alignment.loss(0, 2, 0, new long[] {}, 0, 0, 1, false), 0.0);
        assertEquals(alignment.loss(0, 2, 0, new long[] {1}, 0, 1, 1, false), infinity);
        assertEquals(alignment.loss(0, 2, 0, new long[] {1}, 0, 1, 1, true), 0.0);
        assertEquals(gradient, new double[] {7, 7});
    }

    /** A case that can be counted by hand. */
    @Test
    public void givesKnownNumbers() {
        double[] scores = {Math.log(0.25), Math.log(0.75), Math.log(0.5), Math.log(0.5)};
        double[] gradient = new double[4];
        CtcAlignment alignment = new CtcAlignment(() -> scores, null, 2, 0, gradient);
        // (1, 1), (1, blank) and (blank, 1): 3/4 · 1/2 + 3/4 · 1/2 + 1/4 · 1/2 = 7/8.
        double loss = alignment.loss(0, 2, 2, new long[] {9, 1}, 1, 1, 1, false);
        assertEquals(loss, -Math.log(7.0 / 8), 1e-15);
        double[] posteriors = {-1.0 / 7, -6.0 / 7, -3.0 / 7, -4.0 / 7};
        for (int i = 0; i < 4; i++) {
            assertEquals(gradient[i], posteriors[i], 1e-15);
        }
    }

    // ------------------------------------------------------------------ the reference

    /** A target of labels between 1 and 2, which is moved if the blank is not 0. */
    private static Target shift(long[] labels, int blank) {
        return new Target(blank, Arrays.stream(labels).map(l -> blank == 0 ? l : l - 1).toArray());
    }

    /** A target and the blank it is without. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Target(int blank, long[] labels) {

        /** Returns how many steps it takes at least. */
        int steps() {
            int repeats = 0;
            for (int i = 1; i < labels.length; i++) {
                repeats += labels[i] == labels[i - 1] ? 1 : 0;
            }
            return labels.length + repeats;
        }

        @Override
        public String toString() {
            return Arrays.toString(labels) + " blank " + blank;
        }
    }

    /** A loss for each sample, and the gradient of each with respect to its scores. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Expected(double[] losses, double[] gradient) {}

    @FunctionalInterface
    private interface Lister {
        List<int[]> list(int steps, int classes, Target target);
    }

    private static final class Alignments {

        private Alignments() {}

        /** Lists all paths that leave the target when repeats are collapsed and blanks dropped. */
        static List<int[]> collapsing(int steps, int classes, Target target) {
            List<int[]> alignments = new ArrayList<>();
            int paths = (int) Math.round(Math.pow(classes, steps));
            for (int code = 0; code < paths; code++) {
                int[] path = new int[steps];
                LongStream.Builder left = LongStream.builder();
                for (int t = 0, rest = code; t < steps; t++, rest /= classes) {
                    path[t] = rest % classes;
                    if (path[t] != target.blank && (t == 0 || path[t] != path[t - 1])) {
                        left.add(path[t]);
                    }
                }
                if (Arrays.equals(left.build().toArray(), target.labels)) {
                    alignments.add(path);
                }
            }
            return alignments;
        }

        /** Lists what all walks through the states emit. */
        static List<int[]> walking(int steps, int classes, Target target) {
            int[] states = new int[2 * target.labels.length + 1];
            for (int s = 0; s < states.length; s++) {
                states[s] = s % 2 == 0 ? target.blank : (int) target.labels[s / 2];
            }
            List<int[]> alignments = new ArrayList<>();
            walk(states, -1, new int[steps], 0, alignments);
            return alignments;
        }

        private static void walk(int[] states, int state, int[] path, int t, List<int[]> out) {
            if (t == path.length) {
                if (state >= states.length - 2) {
                    out.add(path.clone());
                }
                return;
            }
            for (int next = Math.max(0, state); next < states.length; next++) {
                boolean jumps = next == state + 2;
                boolean start = state < 0 && next <= 1;
                boolean mayJump = next % 2 == 1 && state >= 0 && states[next] != states[state];
                if (start || (state >= 0 && (next <= state + 1 || (jumps && mayJump)))) {
                    path[t] = states[next];
                    walk(states, next, path, t + 1, out);
                }
            }
        }
    }

    private static List<String> sorted(List<int[]> paths) {
        return paths.stream().map(Arrays::toString).sorted().toList();
    }

    // ------------------------------------------------------------------ batches

    /** Scores of shape (T, N, C), where all samples share a target. */
    private static final class Batch {

        final Kind kind;
        final double[] scores;
        final int steps;
        final Target target;
        final int classes = 4;

        Batch(Kind kind, double spread, int steps, Target target) {
            this(kind, new double[steps * SAMPLES * 4], steps, target);
            Random random = new Random(31L * steps + target.labels.length);
            Arrays.setAll(scores, i -> spread * random.nextGaussian());
            if (kind == Kind.LOG_PROBS) {
                for (int row = 0; row < scores.length; row += classes) {
                    double norm = logSumExp(Arrays.copyOfRange(scores, row, row + classes));
                    for (int c = row; c < row + classes; c++) {
                        scores[c] -= norm;
                    }
                }
            }
        }

        private Batch(Kind kind, double[] scores, int steps, Target target) {
            this.kind = kind;
            this.scores = scores;
            this.steps = steps;
            this.target = target;
        }

        Batch moved(int index, double by) {
            double[] copy = scores.clone();
            copy[index] += by;
            return new Batch(kind, copy, steps, target);
        }

        int index(int sample, int step, int c) {
            return (step * SAMPLES + sample) * classes + c;
        }

        int sampleOf(int index) {
            return index / classes % SAMPLES;
        }

        CtcAlignment alignment(double @Nullable [] gradient) {
            double[] softmax = kind == Kind.LOGITS ? softmax() : null;
            return new CtcAlignment(() -> scores, softmax, classes, target.blank, gradient);
        }

        double loss(int sample) {
            return loss(alignment(null), sample, 1, false);
        }

        double loss(CtcAlignment alignment, int sample, double scale, boolean zeroInfinity) {
            // As part of a longer array, so that where the target begins counts.
            long[] padded = new long[target.labels.length + 2];
            Arrays.fill(padded, -5);
            System.arraycopy(target.labels, 0, padded, 1, target.labels.length);
            return alignment.loss(
                    sample * classes,
                    SAMPLES * classes,
                    steps,
                    padded,
                    1,
                    target.labels.length,
                    scale,
                    zeroInfinity);
        }

        double[] softmax() {
            double[] softmax = new double[scores.length];
            for (int row = 0; row < scores.length; row += classes) {
                double norm = logSumExp(Arrays.copyOfRange(scores, row, row + classes));
                for (int c = row; c < row + classes; c++) {
                    softmax[c] = Math.exp(scores[c] - norm);
                }
            }
            return softmax;
        }

        Expected enumerate(Lister lister) {
            List<int[]> alignments = lister.list(steps, classes, target);
            double[] losses = new double[SAMPLES];
            double[] gradient = kind == Kind.LOGITS ? softmax() : new double[scores.length];
            for (int sample = 0; sample < SAMPLES; sample++) {
                int n = sample;
                double[] logs =
                        alignments.stream()
                                .mapToDouble(
                                        path ->
                                                IntStream.range(0, steps)
                                                        .mapToDouble(
                                                                t -> scores[index(n, t, path[t])])
                                                        .sum())
                                .toArray();
                double log = logSumExp(logs);
                losses[n] = -log;
                if (kind == Kind.LOGITS) {
                    for (int t = 0; t < steps; t++) {
                        int row = index(n, t, 0);
                        losses[n] += logSumExp(Arrays.copyOfRange(scores, row, row + classes));
                    }
                }
                for (int t = 0; t < steps; t++) {
                    for (int c = 0; c < classes; c++) {
                        if (Double.isInfinite(log)) {
                            gradient[index(n, t, c)] = Double.NaN;
                        }
                    }
                    for (int i = 0; i < logs.length; i++) {
                        gradient[index(n, t, alignments.get(i)[t])] -= Math.exp(logs[i] - log);
                    }
                }
            }
            return new Expected(losses, gradient);
        }
    }

    private static double logSumExp(double[] logs) {
        double max = Arrays.stream(logs).max().orElse(Double.NEGATIVE_INFINITY);
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        return max + Math.log(Arrays.stream(logs).map(x -> Math.exp(x - max)).sum());
    }

    private static double[] filled(int length, double value) {
        double[] array = new double[length];
        Arrays.fill(array, value);
        return array;
    }

    private static void assertClose(double actual, double expected, String what) {
        // The digits of a difference of scores as large as 1500 are fewer.
        assertEquals(actual, expected, 1e-11 * Math.max(1, Math.abs(expected)), what);
    }
}
