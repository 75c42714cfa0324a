/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.Trainer;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import ai.djl.training.loss.Loss;

import io.djlosses.examples.support.Batches;
import io.djlosses.examples.support.Column;
import io.djlosses.examples.support.ExampleCommand;
import io.djlosses.examples.support.Networks;
import io.djlosses.examples.support.Samples;
import io.djlosses.examples.support.SeedOption;
import io.djlosses.examples.support.TextTable;
import io.djlosses.examples.support.Training;
import io.djlosses.sequence.CTCLoss;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/** Reads lines of handwritten digits without being told where one ends and the next begins. */
@Command(
        name = "ctc-digits",
        description =
                "Reads lines of three to eight handwritten digits, unsegmented, with CTCLoss.")
final class CtcDigits extends ExampleCommand {

    private static final int SIZE = 8;
    private static final int SHORTEST = 3;
    private static final int LONGEST = 8;

    /** The network sees a window of 10 columns, and moves it by 2 columns a step. */
    private static final int WINDOW = 10;

    private static final int STRIDE = 2;
    private static final int STEPS_A_DIGIT = SIZE / STRIDE;
    private static final int STEPS = LONGEST * STEPS_A_DIGIT;
    private static final int BLANK = 0;

    /** Training lines are noisy, so that few digits teach much. */
    private static final double NOISE = 0.3;

    private static final int HELD_OUT_LINES = 500;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "8",
            description = "How often the training lines are seen.")
    private int epochs;

    @Option(
            names = "--lines",
            paramLabel = "N",
            defaultValue = "5000",
            description = "How many training lines are put together.")
    private int lines;

    @Mixin private SeedOption seed;

    @Override
    public void run() {
        Samples digits = Samples.digits().shuffled(seed.random(0));
        int learned = digits.size() * 4 / 5;
        Lines training = new Lines(digits.range(0, learned), lines, NOISE, seed.random(1));
        Samples others = digits.range(learned, digits.size());
        Lines heldOut = new Lines(others, HELD_OUT_LINES, 0, seed.random(2));

        SequentialBlock network = Networks.dense(seed.random(3), 128, 1 + 10);
        Loss loss = CTCLoss.builder().optBatchFirst(true).optFromLogits(true).build();
        TextTable table = new TextTable("epoch", "loss", "training lines", "held-out lines");
        try (Model model = Model.newInstance("reader", engine().getEngineName())) {
            model.setBlock(network);
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(loss)
                            .optOptimizer(Training.adam(0.003f))
                            .addTrainingListeners(
                                    new EvaluatorTrainingListener(),
                                    new TrainingListenerAdapter() {
                                        private int epoch;

                                        @Override
                                        public void onEpoch(Trainer trainer) {
                                            epoch++;
                                            float mean = trainer.getTrainingResult().getTrainLoss();
                                            table.add(
                                                    String.format(Locale.ROOT, "%5d", epoch),
                                                    String.format(Locale.ROOT, "%.4f", mean),
                                                    percent(training.accuracy(model)),
                                                    percent(heldOut.accuracy(model)));
                                        }
                                    });
            Training.fit(model, config, epochs, training.batches(seed.random(4)), null);
            print("%s", table);
            List<String> read = heldOut.read(model);
            for (int i = 0; i < 5; i++) {
                print("%s read as %s", heldOut.text[i], read.get(i));
            }
            print("Sequence accuracy %s on held-out digits", percent(heldOut.accuracy(model)));
        }
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    /** Lines of digits: what the window shows at each step, and what is written. */
    private static final class Lines {

        private final String[] text;
        private final double[][] windows;
        private final double[][] targets;
        private final double[][] steps;
        private final double[][] lengths;

        Lines(Samples digits, int count, double noise, Random random) {
            text = new String[count];
            windows = new double[count][];
            targets = new double[count][LONGEST];
            steps = new double[count][];
            lengths = new double[count][];
            for (int i = 0; i < count; i++) {
                int length = SHORTEST + random.nextInt(LONGEST - SHORTEST + 1);
                int[] chosen = random.ints(length, 0, digits.size()).toArray();
                StringBuilder written = new StringBuilder();
                for (int k = 0; k < length; k++) {
                    int digit = digits.labels()[chosen[k]];
                    targets[i][k] = digit + 1;
                    written.append(digit);
                }
                text[i] = written.toString();
                double[] clean = windows(digits.select(chosen).features());
                windows[i] =
                        Arrays.stream(clean).map(p -> p + noise * random.nextGaussian()).toArray();
                steps[i] = new double[] {length * STEPS_A_DIGIT};
                lengths[i] = new double[] {length};
            }
        }

        /** Puts images side by side and cuts out what the window shows; blank paper at the ends. */
        private static double[] windows(double[][] images) {
            double[] windows = new double[STEPS * WINDOW * SIZE];
            int at = 0;
            for (int step = 0; step < STEPS; step++) {
                int left = step * STRIDE + (STRIDE - WINDOW) / 2;
                for (int column = left; column < left + WINDOW; column++) {
                    for (int row = 0; row < SIZE; row++) {
                        boolean paper = column < 0 || column >= images.length * SIZE;
                        windows[at++] =
                                paper ? 0 : images[column / SIZE][row * SIZE + column % SIZE];
                    }
                }
            }
            return windows;
        }

        private Column data() {
            return new Column(windows, new Shape(STEPS, WINDOW * SIZE));
        }

        Batches batches(Random order) {
            List<Column> labels =
                    List.of(
                            Column.of(targets),
                            new Column(steps, new Shape()),
                            new Column(lengths, new Shape()));
            return new Batches(List.of(data()), labels, 32, order);
        }

        /** Reads each line: the best class of each step, without repeats, without blanks. */
        List<String> read(Model model) {
            double[][] scores = Networks.forward(model, model.getBlock(), data());
            return IntStream.range(0, text.length)
                    .mapToObj(i -> read(scores[i], (int) steps[i][0]))
                    .toList();
        }

        private static String read(double[] scores, int steps) {
            int classes = scores.length / STEPS;
            StringBuilder read = new StringBuilder();
            int last = BLANK;
            for (int step = 0; step < steps; step++) {
                int best = 0;
                for (int c = 1; c < classes; c++) {
                    if (scores[step * classes + c] > scores[step * classes + best]) {
                        best = c;
                    }
                }
                if (best != last && best != BLANK) {
                    read.append(best - 1);
                }
                last = best;
            }
            return read.toString();
        }

        double accuracy(Model model) {
            List<String> read = read(model);
            return IntStream.range(0, text.length)
                    .map(i -> read.get(i).equals(text[i]) ? 1 : 0)
                    .average()
                    .orElseThrow();
        }
    }
}
