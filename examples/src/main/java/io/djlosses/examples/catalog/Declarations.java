/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Reduction;
import io.djlosses.api.SampleWeighting;
import io.djlosses.binary.BCELoss;
import io.djlosses.binary.BCEWithLogitsLoss;
import io.djlosses.binary.FocalLoss;
import io.djlosses.binary.GHMCLoss;
import io.djlosses.binary.HingeLoss;
import io.djlosses.binary.LogisticLoss;
import io.djlosses.binary.SigmoidFocalLoss;
import io.djlosses.binary.SoftMarginLoss;
import io.djlosses.binary.SquaredHingeLoss;
import io.djlosses.classification.CrossEntropyLoss;
import io.djlosses.classification.MultiLabelMarginLoss;
import io.djlosses.classification.MultiLabelSoftMarginLoss;
import io.djlosses.classification.MultiMarginLoss;
import io.djlosses.classification.NLLLoss;
import io.djlosses.classification.SoftmaxCrossEntropyWithLogits;
import io.djlosses.classification.SoftmaxFocalLoss;
import io.djlosses.composite.MultiLabelLoss;
import io.djlosses.composite.WeightedSumLoss;
import io.djlosses.distribution.GaussianNLLLoss;
import io.djlosses.distribution.KLDivLoss;
import io.djlosses.distribution.PoissonNLLLoss;
import io.djlosses.embedding.CosineEmbeddingLoss;
import io.djlosses.embedding.CosineSimilarityLoss;
import io.djlosses.embedding.HingeEmbeddingLoss;
import io.djlosses.embedding.SDMLLoss;
import io.djlosses.embedding.TripletMarginLoss;
import io.djlosses.embedding.TripletMarginWithDistanceLoss;
import io.djlosses.ranking.MarginRankingLoss;
import io.djlosses.regression.GHMRLoss;
import io.djlosses.regression.HuberLoss;
import io.djlosses.regression.L1Loss;
import io.djlosses.regression.LogCoshLoss;
import io.djlosses.regression.MSELoss;
import io.djlosses.regression.RMSELoss;
import io.djlosses.regression.SmoothL1Loss;
import io.djlosses.regularization.ElasticNetRegularization;
import io.djlosses.regularization.L1Regularization;
import io.djlosses.regularization.L2Regularization;
import io.djlosses.segmentation.DiceLoss;
import io.djlosses.segmentation.MultiClassDiceLoss;
import io.djlosses.sequence.CTCLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxLoss;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;
import io.djlosses.vocabulary.CandidateSampler;
import io.djlosses.vocabulary.LinearCrossEntropyLoss;
import io.djlosses.vocabulary.SampledSoftmaxLoss;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * Every loss of the catalog, with what it takes. A new loss is a line here, and has its tests, its
 * row in the benchmark, its curve and its recipe.
 */
public final class Declarations {

    /** A weight for each class of a {@link Lesson}. */
    private static final double[] WEIGHTS = {1, 2, 0.5, 3};

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

    private static final Map<Class<?>, Declaration> ALL = new LinkedHashMap<>();

    static {
        regression();
        binary();
        classes();
        distributions();
        embeddings();
        sequences();
        vocabularies();
        composites();
    }

    private Declarations() {}

    private static void regression() {
        declare(L1Loss.class, Kind.NUMBERS)
                .task("none", () -> L1Loss.builder().optReduction(Reduction.NONE).build())
                .task(
                        "weights",
                        () ->
                                L1Loss.builder()
                                        .optSampleWeighting(SampleWeighting.MEAN_BY_WEIGHT)
                                        .build(),
                        Lesson.WEIGHTED);
        declare(MSELoss.class, Kind.NUMBERS)
                .task("sum", () -> MSELoss.builder().optReduction(Reduction.SUM).build())
                .task(
                        "mask",
                        () -> MSELoss.builder().optSampleWeighting(SampleWeighting.MASK).build(),
                        Lesson.MASKED);
        declare(RMSELoss.class, Kind.NUMBERS).has(Trait.MEAN_ONLY, "the root is taken of the mean");
        declare(SmoothL1Loss.class, Kind.NUMBERS);
        declare(HuberLoss.class, Kind.NUMBERS);
        declare(LogCoshLoss.class, Kind.NUMBERS);
        declare(GHMRLoss.class, Kind.NUMBERS)
                .has(Trait.WHOLE_BATCH, "weights come from the gradients of the whole batch");
    }

    private static void binary() {
        declare(BCELoss.class, Kind.PROBABILITIES)
                .task("weight", () -> BCELoss.builder().optWeight(WEIGHTS).build());
        declare(BCEWithLogitsLoss.class, Kind.LOGITS)
                .task(
                        "weight",
                        () ->
                                BCEWithLogitsLoss.builder()
                                        .optWeight(WEIGHTS)
                                        .optPosWeight(2, 1, 1, 3)
                                        .build());
        declare(FocalLoss.class, Kind.PROBABILITIES);
        declare(SigmoidFocalLoss.class, Kind.LOGITS)
                .task(
                        "mean",
                        () -> SigmoidFocalLoss.builder().optReduction(Reduction.MEAN).build());
        declare(GHMCLoss.class, Kind.LOGITS)
                .has(Trait.WHOLE_BATCH, "weights come from the gradients of the whole batch");
        declare(DiceLoss.class, Kind.PROBABILITIES)
                .has(Trait.WHOLE_BATCH, "a quotient of sums over the batch");
        declare(MultiLabelSoftMarginLoss.class, Kind.SEVERAL_LOGITS)
                .task(
                        "weight",
                        () -> MultiLabelSoftMarginLoss.builder().optWeight(WEIGHTS).build());
        declare(HingeLoss.class, Kind.SIGNS);
        declare(SquaredHingeLoss.class, Kind.SIGNS);
        declare(LogisticLoss.class, Kind.SIGNS);
        declare(SoftMarginLoss.class, Kind.SIGNS);
    }

    private static void classes() {
        declare(CrossEntropyLoss.class, Kind.CLASS_LOGITS)
                .task(
                        "weight, ignored, smoothed",
                        () ->
                                CrossEntropyLoss.builder()
                                        .optWeight(WEIGHTS)
                                        .optIgnoreIndex(2)
                                        .optLabelSmoothing(0.1)
                                        .build())
                .task("probabilities", Losses::crossEntropyLoss, Lesson.DISTRIBUTIONS);
        declare(NLLLoss.class, Kind.CLASS_LOG_PROBABILITIES)
                .task(
                        "weight, ignored",
                        () -> NLLLoss.builder().optWeight(WEIGHTS).optIgnoreIndex(1).build());
        declare(SoftmaxCrossEntropyWithLogits.class, Kind.DISTRIBUTIONS)
                .has(Trait.INDEX_LABELS, "labels are class indices where they are sparse")
                .task(
                        "sparse",
                        () ->
                                SoftmaxCrossEntropyWithLogits.builder()
                                        .optSparse(true)
                                        .optReduction(Reduction.MEAN)
                                        .build(),
                        Lesson.CLASS);
        declare(SoftmaxFocalLoss.class, Kind.CLASS_LOGITS)
                .task("weight", () -> SoftmaxFocalLoss.builder().optWeight(WEIGHTS).build());
        declare(MultiMarginLoss.class, Kind.CLASS_SCORES)
                .task("weight", () -> MultiMarginLoss.builder().optWeight(WEIGHTS).build());
        declare(MultiLabelMarginLoss.class, Kind.CLASS_LISTS);
        declare(MultiClassDiceLoss.class, Kind.IMAGES)
                .has(Trait.WHOLE_BATCH, "a quotient of sums over the batch, for each class");
    }

    private static void distributions() {
        declare(KLDivLoss.class, Kind.LOG_DISTRIBUTIONS)
                .task("", () -> KLDivLoss.builder().optReduction(Reduction.BATCH_MEAN).build());
        declare(PoissonNLLLoss.class, Kind.COUNTS).has(Trait.BOUNDED, "exp(1e4) is infinite");
        declare(GaussianNLLLoss.class, Kind.MEANS_AND_VARIANCES)
                .notTheDerivative("clamped", "as in PyTorch, the gradient passes the clamp");
    }

    private static void embeddings() {
        declare(CosineSimilarityLoss.class, Kind.VECTORS)
                .notTheDerivative("eps_clamps", "as in PyTorch, the clamp is a constant")
                .notTheDerivative("zero", "the direction turns within a step");
        declare(CosineEmbeddingLoss.class, Kind.LABELLED_PAIRS);
        declare(HingeEmbeddingLoss.class, Kind.DISTANCES);
        declare(MarginRankingLoss.class, Kind.TWO_SCORES);
        declare(SDMLLoss.class, Kind.EMBEDDING_PAIRS)
                .has(Trait.WHOLE_BATCH, "the other samples of the batch are the negatives")
                .has(Trait.NOT_REPEATABLE, "every pair of samples is a term");
        declare(TripletMarginLoss.class, Kind.TRIPLETS)
                .optionMayBeInfinite("p", "the maximum norm");
        declare(TripletMarginWithDistanceLoss.class, Kind.TRIPLETS)
                .has(Trait.NO_CURVE, "that of TripletMarginLoss")
                .optionWithoutRows("distanceFunction", "a function: DifferencesIT");
    }

    private static void sequences() {
        declare(CTCLoss.class, Kind.SEQUENCES)
                .has(
                        Trait.MEAN_SCALES_VALUES,
                        "a mean divides each value by the length of its target first")
                .task(
                        "",
                        () ->
                                CTCLoss.builder()
                                        .optFromLogits(true)
                                        .optBatchFirst(true)
                                        .optZeroInfinity(true)
                                        .build());
    }

    private static void vocabularies() {
        declare(LinearCrossEntropyLoss.class, Kind.VOCABULARY_HEAD)
                .has(Trait.NOT_REPEATABLE, "it is chunked in every reading")
                .optionWithoutRows("chunkSize", "changes nothing but memory: DifferencesIT")
                .task("", () -> LinearCrossEntropyLoss.builder().optIgnoreIndex(2).build());
        declare(SampledSoftmaxLoss.class, Kind.SAMPLED_VOCABULARY)
                .optionWithoutRows("sampler", "draws at random: DifferencesIT")
                .optionWithoutRows("unique", "draws at random: DifferencesIT")
                .optionWithoutRows("seed", "draws at random: DifferencesIT")
                .benchmark(
                        "",
                        dims ->
                                SampledSoftmaxLoss.builder()
                                        .setNumSampled(Math.toIntExact(dims[3]))
                                        .optSeed(1))
                .task(
                        "",
                        () ->
                                SampledSoftmaxLoss.builder()
                                        .setNumSampled(3)
                                        .optSampler(ALWAYS_LAST)
                                        .optUnique(false)
                                        .optReduction(Reduction.MEAN)
                                        .build());
        declare(AdaptiveLogSoftmaxLoss.class, Kind.CLASS_LOG_PROBABILITIES)
                .has(Trait.NO_ROWS, "belongs to a block: AdaptiveSoftmaxIT")
                .lesson(
                        Lesson.classesBy(
                                () ->
                                        AdaptiveLogSoftmaxWithLoss.builder()
                                                .setInFeatures(8)
                                                .setNClasses(Lesson.CLASSES)
                                                .setCutoffs(2)
                                                .build()));
    }

    private static void composites() {
        declare(MultiLabelLoss.class, Kind.SEVERAL_NUMBERS)
                .has(Trait.NO_ROWS, "made of other losses: RegularizationIT")
                .made(
                        (block, common) ->
                                MultiLabelLoss.builder()
                                        .setLosses(
                                                with(common, HuberLoss.builder()).build(),
                                                with(common, MSELoss.builder()).build())
                                        .optWeights(3, 0.7)
                                        .build());
        declare(WeightedSumLoss.class, Kind.COMPOSITE)
                .has(Trait.NO_ROWS, "made of other losses: RegularizationIT")
                .has(Trait.NO_LESSON, "the tasks of the penalties are sums of losses")
                .made(
                        (block, common) ->
                                WeightedSumLoss.builder()
                                        .addLoss(0.3, with(common, MSELoss.builder()).build())
                                        .addLoss(with(common, L1Loss.builder()).build())
                                        .build());
        declare(L1Regularization.class, Kind.PENALTY)
                .has(Trait.NO_ROWS, "a function of parameters: RegularizationIT")
                .made(
                        (block, common) ->
                                with(common, L1Regularization.builder())
                                        .setBlock(block)
                                        .optLambda(1e-2)
                                        .build());
        declare(L2Regularization.class, Kind.PENALTY)
                .has(Trait.NO_ROWS, "a function of parameters: RegularizationIT")
                .made(
                        (block, common) ->
                                with(common, L2Regularization.builder())
                                        .setBlock(block)
                                        .optLambda(1e-2)
                                        .build());
        declare(ElasticNetRegularization.class, Kind.PENALTY)
                .has(Trait.NO_ROWS, "a function of parameters: RegularizationIT")
                .made(
                        (block, common) ->
                                with(common, ElasticNetRegularization.builder())
                                        .setBlock(block)
                                        .optLambda1(1e-2)
                                        .optLambda2(1e-2)
                                        .build());
    }

    private static Declaration declare(Class<? extends Loss> type, Kind kind) {
        Declaration declaration = new Declaration(type, kind);
        if (ALL.put(type, declaration) != null) {
            throw new IllegalStateException(type + " is declared twice");
        }
        return declaration;
    }

    private static <B extends LossBuilder<?, B>> B with(
            Consumer<LossBuilder<?, ?>> common, B builder) {
        common.accept(builder);
        return builder;
    }

    // ------------------------------------------------------------------ to read

    /**
     * Returns every loss.
     *
     * @return the declarations
     */
    public static List<Declaration> all() {
        return List.copyOf(ALL.values());
    }

    /**
     * Returns the classes that are declared.
     *
     * @return the declarations by class
     */
    public static Map<Class<?>, Declaration> byClass() {
        return Collections.unmodifiableMap(ALL);
    }

    /**
     * Returns the declaration of a loss.
     *
     * @param type the class of the loss
     * @return the declaration
     */
    public static Declaration of(Class<?> type) {
        Declaration declaration = ALL.get(type);
        if (declaration == null) {
            throw new IllegalArgumentException(type + " is not declared in Declarations");
        }
        return declaration;
    }

    /**
     * Finds a loss by its name.
     *
     * @param name the simple name of its class
     * @return the declaration, if there is one
     */
    public static Optional<Declaration> named(String name) {
        return ALL.values().stream().filter(one -> one.name().equals(name)).findFirst();
    }

    /**
     * Returns the losses that can learn the classes of real data.
     *
     * @return the declarations, by name
     */
    public static List<Declaration> withRecipe() {
        List<Declaration> found = new ArrayList<>(ALL.values());
        found.removeIf(one -> one.kind().recipe().isEmpty());
        found.sort((a, b) -> a.name().compareTo(b.name()));
        return List.copyOf(found);
    }
}
