/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.vocabulary.VocabularyHead;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a loss takes, and with it how it is tested, timed, drawn and taught. */
@SuppressWarnings("ImmutableEnumChecker") // what is here does not change
public enum Kind {
    /** Numbers against numbers. */
    NUMBERS(Extent.ELEMENTS, Lesson.NUMBERS, Recipe.ONE_HOT, Curve.NUMBER) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.normal(d), draw.normal(d));
        }
    },

    /** Counts, against the logarithms of their rates. */
    COUNTS(Extent.ELEMENTS, Lesson.COUNTS, Recipe.ONE_HOT, Curve.COUNT) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.counts(5, d), draw.normal(d));
        }
    },

    /** Numbers, against means and variances. */
    MEANS_AND_VARIANCES(
            Extent.ELEMENTS,
            Lesson.MEANS_AND_VARIANCES,
            "it teaches a mean and a variance",
            null,
            Map.of(Trait.BOUNDED, "variances are not negative")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.normal(d), draw.normal(d), draw.uniform(0.1, 2, d));
        }
    },

    /** Vectors, against vectors of the same direction. */
    VECTORS(Extent.ELEMENTS, Lesson.NUMBERS, Recipe.ONE_HOT, null) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return new Inputs<>(List.of(), List.of(draw.normal(d), draw.normal(d)));
        }
    },

    /** 0 and 1, against probabilities. */
    PROBABILITIES(
            Extent.ELEMENTS,
            Lesson.BITS_BY_PROBABILITIES,
            Recipe.ONE_HOT_SIGMOID,
            Curve.PROBABILITY,
            Map.of(Trait.BOUNDED, "predictions are probabilities")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.binary(d), draw.probabilities(d));
        }
    },

    /** 0 and 1, against logits. */
    LOGITS(Extent.ELEMENTS, Lesson.BITS, Recipe.ONE_HOT, Curve.LOGIT) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.binary(d), draw.normal(d));
        }
    },

    /** 0 and 1 for each of several labels of a sample, against logits. */
    SEVERAL_LOGITS(Extent.ELEMENTS, Lesson.BITS, Recipe.ONE_HOT, Curve.LABELS) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return LOGITS.inputs(draw, d);
        }
    },

    /** −1 and 1, against scores. */
    SIGNS(Extent.ELEMENTS, Lesson.SIGNS, Recipe.SIGNED, Curve.SCORE) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.signs(d), draw.normal(d));
        }
    },

    /** Class indices, against logits. */
    CLASS_LOGITS(
            Extent.CLASSES,
            Lesson.CLASS,
            Recipe.CLASS,
            null,
            Map.of(Trait.INDEX_LABELS, Kind.INDICES)) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.classes(d[1], d[0]), draw.normal(d));
        }
    },

    /** Class indices, against scores that are compared with each other. */
    CLASS_SCORES(
            Extent.CLASSES,
            Lesson.CLASS,
            Recipe.CLASS,
            Curve.CLASSES,
            Map.of(Trait.INDEX_LABELS, Kind.INDICES)) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return CLASS_LOGITS.inputs(draw, d);
        }
    },

    /** Class indices, against the logarithms of probabilities. */
    CLASS_LOG_PROBABILITIES(
            Extent.CLASSES,
            Lesson.CLASS_BY_LOG_PROBABILITIES,
            Recipe.CLASS_LOG_SOFTMAX,
            null,
            Map.of(Trait.INDEX_LABELS, Kind.INDICES)) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.classes(d[1], d[0]), draw.logDistribution(d));
        }
    },

    /** Rows of class indices that −1 ends, against scores. */
    CLASS_LISTS(
            Extent.CLASSES,
            Lesson.CLASS_LISTS,
            Recipe.LIST,
            Curve.CLASS_LISTS,
            Map.of(Trait.INDEX_LABELS, Kind.INDICES)) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.classLists(d[0], d[1]), draw.normal(d));
        }
    },

    /** Distributions over the classes, of which one-hot rows are some, against logits. */
    DISTRIBUTIONS(Extent.CLASSES, Lesson.ONE_HOT, Recipe.ONE_HOT, null) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.distribution(d), draw.normal(d));
        }
    },

    /** The same for every pixel. */
    IMAGES(Extent.IMAGES, Lesson.ONE_HOT, Recipe.ONE_HOT, null) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return DISTRIBUTIONS.inputs(draw, d);
        }
    },

    /** Distributions, against the logarithms of distributions. */
    LOG_DISTRIBUTIONS(
            Extent.ELEMENTS,
            Lesson.DISTRIBUTIONS_BY_LOG_PROBABILITIES,
            Recipe.ONE_HOT_LOG_SOFTMAX,
            Curve.LOG_PROBABILITY) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.distribution(d), draw.logDistribution(d));
        }
    },

    /** −1 and 1, against distances. */
    DISTANCES(
            Extent.ELEMENTS,
            Lesson.SIGNS_BY_DISTANCES,
            "it teaches distances",
            Curve.DISTANCE,
            Map.of(Trait.DISCRETE_LABELS, "labels are signs")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.signs(d), draw.uniform(0, 2, d));
        }
    },

    /** −1 and 1, against two scores. */
    TWO_SCORES(
            Extent.ELEMENTS,
            Lesson.SIGNS_BY_TWO_SCORES,
            "it teaches which of two is higher",
            Curve.LEAD,
            Map.of()) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.signs(d), draw.normal(d), draw.normal(d));
        }
    },

    /** Two embeddings a sample that belong together, and to no other sample. */
    EMBEDDING_PAIRS(
            Extent.PAIRS,
            Lesson.PAIRS,
            "it teaches pairs",
            null,
            Map.of(Trait.NO_LABELS, "all is in the embeddings")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return VECTORS.inputs(draw, d);
        }
    },

    /** −1 and 1, against two embeddings a sample. */
    LABELLED_PAIRS(
            Extent.ELEMENTS,
            Lesson.PAIRS,
            "it teaches pairs",
            Curve.ANGLE,
            Map.of(Trait.DISCRETE_LABELS, "labels are signs")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(draw.signs(d[0]), draw.normal(d), draw.normal(d));
        }
    },

    /** Three embeddings a sample: the anchor, what is like it, and what is not. */
    TRIPLETS(
            Extent.ELEMENTS,
            Lesson.TRIPLETS,
            "it teaches triplets",
            Curve.TRIPLET,
            Map.of(Trait.NO_LABELS, "all is in the embeddings")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return new Inputs<>(List.of(), List.of(draw.normal(d), draw.normal(d), draw.normal(d)));
        }
    },

    /** Targets, the lengths of inputs and of targets, against sequences of logits. */
    SEQUENCES(
            Extent.SEQUENCES,
            Lesson.SEQUENCES,
            "it teaches sequences",
            null,
            Map.of(
                    Trait.INDEX_LABELS,
                    Kind.INDICES,
                    Trait.BOUNDED,
                    "predictions are logarithms of probabilities",
                    Trait.NOT_REPEATABLE,
                    "the first axis is time")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return new Inputs<>(
                    List.of(
                            draw.integers(1, d[2], d[1], d[3]),
                            draw.integer(d[0], d[1]),
                            draw.integer(d[3] / 2, d[1])),
                    List.of(draw.normal(d[0], d[1], d[2])));
        }
    },

    /** Class indices, against rows and the weight of the layer that they go through. */
    VOCABULARY_HEAD(
            Extent.VOCABULARIES,
            Lesson.classesBy(() -> VocabularyHead.forLinearCrossEntropy(Lesson.CLASSES)),
            Recipe.CLASS,
            null,
            Map.of(
                    Trait.INDEX_LABELS,
                    Kind.INDICES,
                    Trait.PARAMETERS,
                    "the weight of the last layer")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(
                    draw.classes(d[2], d[0]),
                    draw.normal(d[0], d[1]),
                    draw.uniform(-0.05, 0.05, d[2], d[1]));
        }
    },

    /** Class indices, against weight and bias of the last layer, and the rows it is given. */
    SAMPLED_VOCABULARY(
            Extent.SAMPLES,
            Lesson.classesBy(() -> VocabularyHead.forSampledSoftmax(Lesson.CLASSES)),
            "it is the last layer of the network",
            null,
            Map.of(
                    Trait.INDEX_LABELS, Kind.INDICES,
                    Trait.PARAMETERS, "weight and bias of the last layer",
                    Trait.NOT_REPEATABLE, "the predictions are parameters",
                    Trait.NO_BATCH, "the options say what was drawn for each sample")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return Inputs.of(
                    draw.classes(d[2], d[0]),
                    draw.uniform(-0.05, 0.05, d[2], d[1]),
                    draw.uniform(-0.05, 0.05, d[2]),
                    draw.normal(d[0], d[1]));
        }
    },

    /** The labels and the predictions of two losses, both of numbers. */
    SEVERAL_NUMBERS(
            Extent.ELEMENTS,
            Lesson.SEVERAL_NUMBERS,
            "it is made of losses",
            null,
            Map.of(Trait.NOT_REPEATABLE, "it computes nothing of its own")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return new Inputs<>(
                    List.of(draw.normal(d), draw.normal(d)),
                    List.of(draw.normal(d), draw.normal(d)));
        }
    },

    /** What the losses that it is made of take: numbers. */
    COMPOSITE(
            Extent.ELEMENTS,
            null,
            "it is made of losses",
            null,
            Map.of(Trait.NOT_REPEATABLE, "it computes nothing of its own")) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return NUMBERS.inputs(draw, d);
        }
    },

    /** The parameters of a block; predictions are nothing but where the result goes. */
    PENALTY(Extent.ELEMENTS, Lesson.NUMBERS, "it teaches small parameters", null, Map.of()) {
        @Override
        public <A> Inputs<A> inputs(Draw<A> draw, long... d) {
            return new Inputs<>(List.of(), List.of(draw.normal(d)));
        }

        @Override
        Loss objective(Loss loss) {
            return Losses.sum(Losses.mseLoss(), loss);
        }
    };

    private static final String INDICES = "labels are class indices";

    private final Extent extent;
    private final @Nullable Lesson lesson;
    private final @Nullable Recipe recipe;
    private final @Nullable Curve curve;
    private final String withoutRecipe;
    private final Map<Trait, String> traits;

    Kind(Extent extent, Lesson lesson, Recipe recipe, @Nullable Curve curve) {
        this(extent, lesson, recipe, curve, Map.of());
    }

    Kind(
            Extent extent,
            Lesson lesson,
            Recipe recipe,
            @Nullable Curve curve,
            Map<Trait, String> traits) {
        this.extent = extent;
        this.lesson = lesson;
        this.recipe = recipe;
        this.curve = curve;
        this.withoutRecipe = "";
        this.traits = traits;
    }

    Kind(
            Extent extent,
            @Nullable Lesson lesson,
            String withoutRecipe,
            @Nullable Curve curve,
            Map<Trait, String> traits) {
        this.extent = extent;
        this.lesson = lesson;
        this.recipe = null;
        this.curve = curve;
        this.withoutRecipe = withoutRecipe;
        this.traits = traits;
    }

    /**
     * Draws good inputs.
     *
     * @param <A> what stands for an array
     * @param draw what draws the arrays
     * @param dims the dimensions, which {@link #extent} explains
     * @return the inputs
     */
    public abstract <A> Inputs<A> inputs(Draw<A> draw, long... dims);

    /**
     * Returns what the dimensions of inputs are.
     *
     * @return the extent
     */
    public Extent extent() {
        return extent;
    }

    /**
     * Returns what a small network learns with such a loss.
     *
     * @return the lesson, if there is one
     */
    public Optional<Lesson> lesson() {
        return Optional.ofNullable(lesson);
    }

    /**
     * Returns how such a loss learns the classes of real data.
     *
     * @return the recipe, if it can
     */
    public Optional<Recipe> recipe() {
        return Optional.ofNullable(recipe);
    }

    /**
     * Tells why such a loss learns no classes.
     *
     * @return the reason, empty if it does
     */
    public String withoutRecipe() {
        return withoutRecipe;
    }

    /**
     * Returns how such a loss is drawn as a function of one number.
     *
     * @return the curve, if there is one
     */
    public Optional<Curve> curve() {
        return Optional.ofNullable(curve);
    }

    Map<Trait, String> traits() {
        return traits;
    }

    /**
     * Returns what is minimized, where the loss alone teaches nothing.
     *
     * @param loss the loss
     * @return the loss, with what else it takes
     */
    Loss objective(Loss loss) {
        return loss;
    }
}
