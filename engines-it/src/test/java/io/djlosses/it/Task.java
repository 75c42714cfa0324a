/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.MultiMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.internal.array.Sums;
import io.djlosses.nd.Nd;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.MSELoss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.CandidateSampler;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;
import io.djlosses.vocabulary.VocabularyHead;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Something to learn with a loss: a small network, and samples whose labels are a function of their
 * features.
 *
 * @param name the name of the loss, and what is special about it
 * @param loss makes the loss, given the network
 * @param network makes the network
 * @param labels computes the labels of samples from three latent numbers a sample
 */
record Task(
        String name,
        Function<Block, Loss> loss,
        Supplier<Block> network,
        Function<double[][], List<Data>> labels) {

    static final int FEATURES = 5;
    private static final int LATENT = 3;
    private static final int CLASSES = 4;
    private static final int STEPS = 6;
    private static final UnaryOperator<NDArray> PLAIN = UnaryOperator.identity();

    /** Not at random, so that a value can be computed again. */
    private static final CandidateSampler ALWAYS_LAST =
            new CandidateSampler() {
                @Override
                public long sample(RandomGenerator random, long classes) {
                    return classes - 1;
                }

                @Override
                public double probability(long id, long classes) {
                    return 1.0 / classes;
                }
            };

    // ------------------------------------------------------------------ what there is to learn

    /** Returns a task for each loss of the catalogue, and for what its options change. */
    static List<Task> all() {
        List<Task> tasks = new ArrayList<>();
        // Numbers.
        for (Loss loss :
                List.of(
                        Losses.l1Loss(),
                        Losses.mseLoss(),
                        Losses.rmseLoss(),
                        Losses.smoothL1Loss(),
                        Losses.huberLoss(),
                        Losses.ghmrLoss())) {
            tasks.add(of(loss, Task::numbers, PLAIN));
        }
        tasks.add(of("sum", MSELoss.builder().optReduction(Reduction.SUM).build()));
        tasks.add(of("none", L1Loss.builder().optReduction(Reduction.NONE).build()));
        tasks.add(
                of(
                        "mask",
                        MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build(),
                        latent -> List.of(values(latent, z -> z), weights(latent, false)),
                        PLAIN));
        tasks.add(
                of(
                        "weights",
                        L1Loss.builder().optSampleWeighting(SampleWeighting.MEAN_BY_WEIGHT).build(),
                        latent -> List.of(values(latent, z -> z), weights(latent, true)),
                        PLAIN));
        tasks.add(
                of(
                        Losses.poissonNLLLoss(),
                        latent -> List.of(values(latent, z -> Math.floor(Math.exp(z)))),
                        PLAIN));
        tasks.add(of(Losses.gaussianNLLLoss(), Task::numbers, PLAIN, Task::positive));
        // Classes.
        for (Loss loss :
                List.of(
                        Losses.crossEntropyLoss(),
                        Losses.multiMarginLoss(),
                        Losses.softmaxFocalLoss())) {
            tasks.add(of(loss, Task::classes, PLAIN));
        }
        tasks.add(
                of(
                        "weight, ignored, smoothed",
                        CrossEntropyLoss.builder()
                                .optWeight(1, 2, 0.5, 3)
                                .optIgnoreIndex(2)
                                .optLabelSmoothing(0.1)
                                .build(),
                        Task::classes,
                        PLAIN));
        tasks.add(
                of(
                        "weight",
                        MultiMarginLoss.builder().optWeight(1, 2, 0.5, 3).build(),
                        Task::classes,
                        PLAIN));
        tasks.add(
                of(
                        "weight",
                        SoftmaxFocalLoss.builder().optWeight(1, 2, 0.5, 3).build(),
                        Task::classes,
                        PLAIN));
        tasks.add(of(Losses.nllLoss(), Task::classes, x -> Nd.logSoftmax(x, 1)));
        tasks.add(
                of(
                        "weight, ignored",
                        NLLLoss.builder().optWeight(1, 2, 0.5, 3).optIgnoreIndex(1).build(),
                        Task::classes,
                        x -> Nd.logSoftmax(x, 1)));
        tasks.add(
                of(
                        "sparse",
                        SoftmaxCrossEntropyWithLogits.builder()
                                .optSparse(true)
                                .optReduction(Reduction.MEAN)
                                .build(),
                        Task::classes,
                        PLAIN));
        tasks.add(of(Losses.softmaxCrossEntropyWithLogits(), Task::oneHot, PLAIN));
        tasks.add(of(Losses.multiClassDiceLoss(), Task::oneHot, PLAIN));
        tasks.add(of(Losses.multiLabelMarginLoss(), Task::classLists, PLAIN));
        // Yes or no, as 0 and 1, and as −1 and 1.
        for (Loss loss :
                List.of(
                        Losses.bceWithLogitsLoss(),
                        Losses.sigmoidFocalLoss(),
                        Losses.multiLabelSoftMarginLoss(),
                        Losses.ghmcLoss(),
                        BCEWithLogitsLoss.builder()
                                .optName("BCEWithLogitsLoss weight")
                                .optWeight(1, 2, 0.5, 3)
                                .optPosWeight(2, 1, 1, 3)
                                .build(),
                        MultiLabelSoftMarginLoss.builder()
                                .optName("MultiLabelSoftMarginLoss weight")
                                .optWeight(1, 2, 0.5, 3)
                                .build(),
                        SigmoidFocalLoss.builder()
                                .optName("SigmoidFocalLoss mean")
                                .optReduction(Reduction.MEAN)
                                .build())) {
            tasks.add(of(loss, Task::bits, PLAIN));
        }
        for (Loss loss :
                List.of(
                        Losses.bceLoss(),
                        Losses.focalLoss(),
                        Losses.diceLoss(),
                        BCELoss.builder()
                                .optName("BCELoss weight")
                                .optWeight(1, 2, 0.5, 3)
                                .build())) {
            tasks.add(of(loss, Task::bits, Nd::sigmoid));
        }
        for (Loss loss :
                List.of(
                        Losses.hingeLoss(),
                        Losses.squaredHingeLoss(),
                        Losses.logisticLoss(),
                        Losses.softMarginLoss())) {
            tasks.add(of(loss, Task::signs, PLAIN));
        }
        tasks.add(of(Losses.hingeEmbeddingLoss(), Task::signs, Task::positive));
        tasks.add(of(Losses.marginRankingLoss(), Task::signs, PLAIN, PLAIN));
        // Distributions and embeddings.
        tasks.add(
                of(
                        KLDivLoss.builder().optReduction(Reduction.BATCH_MEAN).build(),
                        Task::distributions,
                        x -> Nd.logSoftmax(x, 1)));
        tasks.add(of(CrossEntropyLoss.builder().optName("probabilities").build(), Task::distributions, PLAIN));
        tasks.add(of(Losses.cosineSimilarityLoss(), Task::numbers, PLAIN));
        tasks.add(of(Losses.cosineEmbeddingLoss(), Task::pairs, PLAIN, PLAIN));
        tasks.add(of(Losses.sdmlLoss(), Task::pairs, PLAIN, PLAIN));
        tasks.add(of(Losses.tripletMarginLoss(), Task::pairs, PLAIN, PLAIN, PLAIN));
        tasks.add(of(Losses.tripletMarginWithDistanceLoss(), Task::pairs, PLAIN, PLAIN, PLAIN));
        // Sequences and vocabularies.
        tasks.add(
                of(
                        CTCLoss.builder()
                                .optFromLogits(true)
                                .optBatchFirst(true)
                                .optZeroInfinity(true)
                                .build(),
                        Task::sequences,
                        STEPS * CLASSES,
                        x -> x.reshape(-1, STEPS, CLASSES)));
        tasks.add(
                task(
                        LinearCrossEntropyLoss.builder().optIgnoreIndex(2).build(),
                        () -> layers(VocabularyHead.forLinearCrossEntropy(CLASSES)),
                        Task::classes));
        tasks.add(
                task(
                        SampledSoftmaxLoss.builder()
                                .setNumSampled(3)
                                .optSampler(ALWAYS_LAST)
                                .optUnique(false)
                                .optReduction(Reduction.MEAN)
                                .build(),
                        () -> layers(VocabularyHead.forSampledSoftmax(CLASSES)),
                        Task::classes));
        tasks.add(
                task(
                        Losses.adaptiveLogSoftmaxLoss(),
                        () ->
                                layers(
                                        AdaptiveLogSoftmaxWithLoss.builder()
                                                .setInFeatures(8)
                                                .setNClasses(CLASSES)
                                                .setCutoffs(2)
                                                .build()),
                        Task::classes));
        // Sums of losses.
        tasks.add(penalized("L1Regularization", block -> Losses.l1Regularization(block, 1e-2)));
        tasks.add(penalized("L2Regularization", block -> Losses.l2Regularization(block, 1e-2)));
        tasks.add(
                penalized(
                        "ElasticNetRegularization",
                        block -> Losses.elasticNetRegularization(block, 1e-2, 1e-2)));
        tasks.add(
                of(
                        Losses.multiLabelLoss(Losses.huberLoss(), 2),
                        latent -> List.of(values(latent, z -> z), values(latent, z -> z * z)),
                        PLAIN));
        return List.copyOf(tasks);
    }

    private static Task of(String what, Loss loss) {
        return of(what, loss, Task::numbers, PLAIN);
    }

    @SafeVarargs
    private static Task of(
            Loss loss, Function<double[][], List<Data>> labels, UnaryOperator<NDArray>... heads) {
        return of("", loss, labels, heads);
    }

    @SafeVarargs
    private static Task of(
            String what,
            Loss loss,
            Function<double[][], List<Data>> labels,
            UnaryOperator<NDArray>... heads) {
        String name = loss.getName() + (what.isEmpty() ? "" : " " + what);
        return new Task(name, block -> loss, () -> network(CLASSES, heads), labels);
    }

    private static Task of(
            Loss loss,
            Function<double[][], List<Data>> labels,
            int units,
            UnaryOperator<NDArray> head) {
        return new Task(loss.getName(), block -> loss, () -> network(units, head), labels);
    }

    private static Task task(
            Loss loss, Supplier<Block> network, Function<double[][], List<Data>> labels) {
        return new Task(loss.getName(), block -> loss, network, labels);
    }

    private static Task penalized(String name, Function<Block, Loss> penalty) {
        return new Task(
                name,
                block -> Losses.sum(Losses.mseLoss(), penalty.apply(block)),
                () -> network(CLASSES, PLAIN),
                Task::numbers);
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return name;
    }

    // ------------------------------------------------------------------ networks

    /** A layer for all, and one of its own for each prediction. */
    @SafeVarargs
    static Block network(int units, UnaryOperator<NDArray>... heads) {
        ParallelBlock block =
                new ParallelBlock(
                        parts -> {
                            NDList all = new NDList();
                            parts.forEach(all::addAll);
                            return all;
                        });
        for (UnaryOperator<NDArray> head : heads) {
            block.add(
                    new SequentialBlock()
                            .add(Linear.builder().setUnits(units).build())
                            .add(list -> new NDList(head.apply(list.singletonOrThrow()))));
        }
        return layers(block);
    }

    private static Block layers(Block last) {
        return initialized(
                new SequentialBlock().add(Linear.builder().setUnits(8).build()).add(last));
    }

    /** Draws the first weights in Java, so that they are equal on every engine. */
    private static Block initialized(Block block) {
        Random random = new Random(1);
        block.setInitializer(
                (manager, shape, type) -> {
                    double[] values =
                            random.doubles(shape.size()).map(u -> (2 * u - 1) * 0.5).toArray();
                    return Nd.create(manager, values, shape, type);
                },
                Parameter.Type.WEIGHT);
        return block;
    }

    private static NDArray positive(NDArray x) {
        return Nd.softplus(x).add(0.1);
    }

    // ------------------------------------------------------------------ samples

    /** Draws samples: their features, and then their labels. */
    List<Data> samples(int size, long seed) {
        Random random = new Random(seed);
        double[] features = random.doubles((long) size * FEATURES).map(u -> 2 * u - 1).toArray();
        double[][] mix = new double[FEATURES][LATENT + 1];
        Random fixed = new Random(7);
        for (double[] row : mix) {
            Arrays.setAll(row, i -> 2 * fixed.nextDouble() - 1);
        }
        double[][] latent = new double[size][LATENT + 1];
        for (int n = 0; n < size; n++) {
            for (int k = 0; k <= LATENT; k++) {
                for (int f = 0; f < FEATURES; f++) {
                    latent[n][k] += features[n * FEATURES + f] * mix[f][k];
                }
            }
        }
        List<Data> samples = new ArrayList<>();
        samples.add(new Data("float", new Shape(size, FEATURES), features));
        samples.addAll(labels.apply(latent));
        return samples;
    }

    private static Data values(double[][] latent, UnaryOperator<Double> function) {
        double[] values =
                Arrays.stream(latent)
                        .flatMapToDouble(Arrays::stream)
                        .map(function::apply)
                        .toArray();
        return new Data("float", new Shape(latent.length, LATENT + 1), values);
    }

    private static Data perSample(
            String type, int width, double[][] latent, Function<double[], double[]> function) {
        double[] values =
                Arrays.stream(latent)
                        .flatMapToDouble(z -> Arrays.stream(function.apply(z)))
                        .toArray();
        Shape shape = width == 0 ? new Shape(latent.length) : new Shape(latent.length, width);
        return new Data(type, shape, values);
    }

    private static Data weights(double[][] latent, boolean graded) {
        return perSample(
                "float",
                0,
                latent,
                z -> new double[] {graded ? Math.abs(z[0]) : z[0] > 0.3 ? 0 : 1});
    }

    private static List<Data> numbers(double[][] latent) {
        return List.of(values(latent, z -> z));
    }

    private static List<Data> bits(double[][] latent) {
        return List.of(values(latent, z -> z > 0 ? 1.0 : 0.0));
    }

    private static List<Data> signs(double[][] latent) {
        return List.of(values(latent, z -> z > 0 ? 1.0 : -1.0));
    }

    private static int best(double[] z) {
        int best = 0;
        for (int i = 1; i < z.length; i++) {
            best = z[i] > z[best] ? i : best;
        }
        return best;
    }

    private static List<Data> classes(double[][] latent) {
        return List.of(perSample("int64", 0, latent, z -> new double[] {best(z)}));
    }

    private static List<Data> oneHot(double[][] latent) {
        return List.of(
                perSample(
                        "float",
                        CLASSES,
                        latent,
                        z -> {
                            double[] row = new double[CLASSES];
                            row[best(z)] = 1;
                            return row;
                        }));
    }

    private static List<Data> distributions(double[][] latent) {
        return List.of(
                perSample(
                        "float",
                        CLASSES,
                        latent,
                        z -> {
                            double[] row = Arrays.stream(z).map(Math::exp).toArray();
                            double sum = Arrays.stream(row).sum();
                            return Arrays.stream(row).map(p -> p / sum).toArray();
                        }));
    }

    private static List<Data> classLists(double[][] latent) {
        return List.of(
                perSample(
                        "int64",
                        CLASSES,
                        latent,
                        z -> {
                            double[] row = {-1, -1, -1, -1};
                            int count = 0;
                            for (int c = 0; c < CLASSES; c++) {
                                if (z[c] > 0) {
                                    row[count++] = c;
                                }
                            }
                            return row;
                        }));
    }

    private static List<Data> pairs(double[][] latent) {
        return List.of(perSample("float", 0, latent, z -> new double[] {z[0] > 0 ? 1 : -1}));
    }

    private static List<Data> sequences(double[][] latent) {
        Data targets =
                perSample(
                        "int64", 2, latent, z -> new double[] {z[0] > 0 ? 1 : 2, z[1] > 0 ? 3 : 1});
        Data steps = perSample("int64", 0, latent, z -> new double[] {STEPS - (z[2] > 0 ? 1 : 0)});
        Data sizes = perSample("int64", 0, latent, z -> new double[] {z[3] > 0 ? 2 : 1});
        return List.of(targets, steps, sizes);
    }
}
