"""Source-level counterfactual attribution (SCA): what is training on an atomic source worth?"""
